"""Patient/$match: who of the known patients a set of details may be about.

https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from services.records.domain.agreement import date_typos
from services.records.domain.matching import (
    CERTAIN,
    CERTAINLY_NOT,
    LESS_THAN_CERTAIN,
    Evidence,
    compare,
    graded,
)
from telerehab.fhir import json
from telerehab.fhir.bundle import bundle, found
from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, operation_outcome, too_costly
from telerehab.operation import Operation, Parameters
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
MOST_CANDIDATES = 1000  # of one way to look for them
MOST_ANSWERED = 100
MOST_DETAILS = 50  # names, identifiers, contacts or addresses in the question
_WHERE = "Parameters.resource"


@dataclass(frozen=True, slots=True)
class _Match:
    patient: Resource
    score: float
    grade: str


async def _match(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """A searchset of patients, the likeliest first, each with its score and grade."""
    count = _count(parameters)
    wanted = _wanted(parameters, work)
    issues: list[Issue] = []
    candidates = await _candidates(wanted, work, issues)
    people = await _people(candidates, work)
    matches = sorted(_graded(wanted, people, issues), key=lambda one: (-one.score, one.patient.id))
    if parameters.one("onlyCertainMatches"):
        matches = [one for one in matches if one.grade == CERTAIN]
    base = work.engine.base_url
    entries = [_entry(base, one) for one in matches[:count]]
    if issues:
        entries.append({"resource": operation_outcome(issues), "search": {"mode": "outcome"}})
    return bundle("searchset", entries, total=len(matches))


def _count(parameters: Parameters) -> int:
    count = parameters.one("count")
    if count is not None and count < 1:
        raise bad_request("'count' is 1 or more.", "Parameters.count", "value")
    return MOST_ANSWERED if count is None else min(int(count), MOST_ANSWERED)


def _wanted(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """The details asked about: a valid Patient that says something to look for."""
    resource = parameters.required("resource")
    if resource.get("resourceType") != "Patient":
        raise bad_request("The resource to match is a Patient.", _WHERE)
    faults = [one for one in work.engine.validate(resource) if one.severity in ("error", "fatal")]
    if faults:
        raise FhirError(400, [fault.at(_WHERE) for fault in faults])
    if any(
        len(resource.get(name, ())) > MOST_DETAILS for name in ("name", "identifier", "telecom", "address")
    ):
        raise too_costly(
            f"A patient to match has {MOST_DETAILS} names, identifiers, contacts, addresses at most."
        )
    if not list(_ways(resource)):
        told = "Nothing to look for: an identifier, a date of birth, a contact, or family and given name is needed."
        raise bad_request(told, _WHERE, "required")
    return cast(JsonObject, resource)


def _ways(wanted: JsonObject) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The searches that bring candidates, each with what it goes by."""
    identifiers = [
        f"{_escaped(one['system'])}|{_escaped(one['value'])}"
        for one in wanted.get("identifier", ())
        if one.get("system") and one.get("value")
    ]
    if identifiers:
        yield "identifier", [("identifier", ",".join(identifiers))]
    if len(wanted.get("birthDate", "")) == 10:
        yield "date of birth", [("birthdate", ",".join(date_typos(wanted["birthDate"])))]
    contacts = [_escaped(one["value"]) for one in wanted.get("telecom", ()) if one.get("value")]
    if contacts:
        yield "contact", [("telecom", ",".join(contacts))]
    for name in wanted.get("name", ()):
        given = [one for one in name.get("given", ()) if one]
        if name.get("family") and given:
            pairs = [("family", _escaped(name["family"])), ("given", _escaped(given[0]))]
            if wanted.get("birthDate"):  # with it, people of a common name are still few
                pairs.append(("birthdate", ",".join(_years(wanted["birthDate"]))))
            yield "name", pairs


def _years(date: str) -> list[str]:
    """The year of birth and those around it."""
    year = int(date[:4])
    return [f"{one:04}" for one in (year - 1, year, year + 1)]


async def _candidates(wanted: JsonObject, work: UnitOfWork, issues: list[Issue]) -> list[Resource]:
    """The patients worth comparing that the caller may see, each once; what is too common to go by is told."""
    by_id: dict[str, Resource] = {}
    for way, pairs in _ways(wanted):
        query = work.engine.query(f"Patient?{urlencode(pairs)}")
        brought = await work.engine.store.search_all(query, work.caller.access, limit=MOST_CANDIDATES + 1)
        if len(brought) > MOST_CANDIDATES:
            told = f"More than {MOST_CANDIDATES} patients share that {way}: not all of them were compared."
            issues.append(Issue("too-costly", told, severity="warning"))
        by_id.update((one.id, one) for one in brought[:MOST_CANDIDATES])
    return list(by_id.values())


async def _people(candidates: Sequence[Resource], work: UnitOfWork) -> list[tuple[Resource, list[Resource]]]:
    """One patient for each person, the one that stands for all since they were merged, with all that were found."""
    aliases = work.engine.store.aliases
    people: dict[frozenset[str], list[Resource]] = {}
    for one in candidates:
        people.setdefault(frozenset(aliases.of(one.id)), []).append(one)
    return [(await _standing(ids, records, work), records) for ids, records in people.items()]


async def _standing(ids: frozenset[str], records: list[Resource], work: UnitOfWork) -> Resource:
    if len(ids) == 1:
        return records[0]
    everyone = await work.engine.store.read_many(
        [("Patient", one) for one in sorted(ids)], work.caller.access
    )
    standing = [one for one in everyone if not _is_replaced(one)]
    return min(standing or records, key=lambda one: one.id)


def _is_replaced(patient: Resource) -> bool:
    return any(link.get("type") == "replaced-by" for link in patient.content.get("link", ()))


def _graded(
    wanted: JsonObject, people: Iterable[tuple[Resource, list[Resource]]], issues: list[Issue]
) -> list[_Match]:
    """Each person with the best of what is known under their ids; of several that seem certain none is."""
    judged = [
        (shown, max((compare(wanted, one.content) for one in records), key=_rank))
        for shown, records in people
    ]
    alone = sum(evidence.safe for _, evidence in judged) == 1
    if not alone and any(evidence.safe for _, evidence in judged):
        told = "Several patients agree in everything: none of them is certain. They may be one person, stored twice."
        issues.append(Issue("multiple-matches", told, severity="warning"))
    matches = []
    for shown, evidence in judged:
        sure = evidence.safe and alone and shown.content.get("active", True)
        score = evidence.score if sure else min(evidence.score, LESS_THAN_CERTAIN)
        grade = CERTAIN if sure else graded(score)
        if grade != CERTAINLY_NOT:
            matches.append(_Match(shown, score, grade))
    return matches


def _rank(evidence: Evidence) -> tuple[bool, float]:
    return evidence.safe, evidence.score


def _entry(base: str, match: _Match) -> JsonObject:
    entry = found(f"{base}/{match.patient.reference}", match.patient, "match")
    search: dict[str, Any] = {
        "extension": [{"url": MATCH_GRADE, "valueCode": match.grade}],
        "mode": "match",
        "score": json.Number(f"{match.score:.4f}"),
    }
    return {**entry, "search": search}


def _escaped(text: str) -> str:
    return re.sub(r"([,|$\\])", r"\\\1", text)


match = Operation(cast(JsonObject, operation_definition("match", "Patient")), _match)
