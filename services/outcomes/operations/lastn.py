"""Observation/$lastn: the latest observations of each kind of a patient.

https://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

import re
from typing import cast

from services.outcomes.domain.latest import Latest
from telerehab.fhir.bundle import bundle, found, page_link
from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.definitions.search_parameters import search_parameters
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request, too_costly
from telerehab.fhir.search import parse_query
from telerehab.fhir.search.query import MAX_COUNT
from telerehab.operation import Operation, Parameters
from telerehab.resource import Resource
from telerehab.server.including import OtherOwners
from telerehab.unit_of_work import UnitOfWork

MOST_OBSERVATIONS = 100_000
MOST_OF_A_KIND = 1000
_SUBJECTS = frozenset({"patient", "subject"})
_OURS = frozenset({"_sort", "_count", "_total", "_summary", "_elements", "_cursor"})
_CODE = re.compile(r"\bcode\b")


async def _lastn(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """A searchset: for each kind of observation that the search finds the `max` latest, one if it is not said."""
    _require_what_the_operation_does(parameters)
    most = min(int(parameters.one("max") or 1), MOST_OF_A_KIND)
    latest: Latest[Resource] = Latest(most)
    query = parse_query(
        "Observation",
        [*parameters.search, ("_sort", "-date,-_lastUpdated"), ("_count", str(MAX_COUNT))],
        base=work.engine.base_url,
        now=work.now,
        aliases=work.engine.store.aliases.of,
    )
    elsewhere = OtherOwners(work.engine, work.caller)
    cursor, seen = None, 0
    while True:
        page = await work.engine.store.search(query, work.caller.access, cursor=cursor, elsewhere=elsewhere)
        for observation in page.matches:
            latest.add(observation)
        seen += len(page.matches)
        cursor = page.next_cursor or None
        if cursor is None:
            break
        if seen >= MOST_OBSERVATIONS:
            raise too_costly(f"More than {MOST_OBSERVATIONS} observations are found: say more of which.")
    base = work.engine.base_url
    entries = [found(f"{base}/{one.reference}", one, "match") for one in latest.found()]
    url = page_link(f"{base}/Observation/$lastn", [("max", str(most)), *parameters.search])
    return bundle("searchset", entries, links=[("self", url)], total=len(entries))


def _require_what_the_operation_does(parameters: Parameters) -> None:
    """400 without a subject, and without a category or a parameter about the code; and for what it sets itself."""
    names = [re.split(r"[:.]", name)[0] for name, _ in parameters.search]
    for name in names:
        if name in _OURS or name in ("_include", "_revinclude"):
            told = f"'{name}' has no meaning here: the latest of each kind are answered, all at once."
            raise bad_request(told, f"Parameters.{name}", "not-supported")
    if _SUBJECTS.isdisjoint(names):
        told = "Whose observations: 'patient' or 'subject' is required."
        raise bad_request(told, "Parameters.patient", "required")
    if not any(name == "category" or _is_about_code(name) for name in names):
        told = "Which observations: 'category' or 'code' is required."
        raise bad_request(told, "Parameters.category", "required")


def _is_about_code(name: str) -> bool:
    """Whether a search parameter looks at a code element, alone or in a composite."""
    definition = search_parameters("Observation").get(name)
    if definition is None:
        return False
    paths = [definition.expression, *(component.expression for component in definition.components)]
    return any(_CODE.search(path) for path in paths)


lastn = Operation(cast(JsonObject, operation_definition("lastn", "Observation")), _lastn, searches=True)
