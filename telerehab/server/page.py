"""One page of a search as a Bundle: what matches, what came with it, where it goes on.

https://hl7.org/fhir/R4/search.html#return
"""

from __future__ import annotations

import orjson

from telerehab.engine import Engine
from telerehab.fhir.bundle import bundle, found, page_link
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import Issue, bad_request, operation_outcome
from telerehab.fhir.search import parse_query
from telerehab.fhir.search.query import Query
from telerehab.resource import Resource, instant
from telerehab.server import audit
from telerehab.server.answers import whole
from telerehab.server.including import OtherOwners
from telerehab.server.partial import body_of
from telerehab.server.request import FhirRequest, FhirResponse, Pairs

CURSOR = "_cursor"


async def answer_page(
    engine: Engine, request: FhirRequest, pairs: Pairs, type_: str, compartment: str = ""
) -> FhirResponse:
    """The page that the parameters ask for: of a type (`SYSTEM`: of all), in a compartment ("Patient/1") or in none."""
    cursor, pairs = _cursor(pairs)
    query = parse_query(
        type_,
        pairs,
        lenient=request.prefer.lenient,
        base=request.base_url,
        now=engine.clock(),
        aliases=engine.store.aliases.of,
        types=engine.service.types,
        compartment=compartment,
    )
    elsewhere = OtherOwners(engine, request.caller)
    page = await engine.store.search(query, request.caller.access, cursor=cursor, elsewhere=elsewhere)
    entries = [_entry(request, query, resource, "match") for resource in page.matches]
    entries += [_entry(request, query, resource, "include") for resource in page.included]
    issues = [*page.issues, *await _explanation(engine, request, query, elsewhere)]
    if issues:
        entries.append({"resource": operation_outcome(issues), "search": {"mode": "outcome"}})
    await audit.listed(engine, request, type_, [*page.matches, *page.included], query=pairs)
    url = "/".join([request.base_url, *request.path]).removesuffix("/_search")
    links = [("self", page_link(url, query.understood))]
    if page.next_cursor:
        links.append(("next", page_link(url, [*query.understood, (CURSOR, page.next_cursor)])))
    until = None if page.until is None else instant(page.until)
    return whole(bundle("searchset", entries, links=links, total=page.total, last_updated=until))


async def _explanation(
    engine: Engine, request: FhirRequest, query: Query, elsewhere: OtherOwners
) -> list[Issue]:
    """How the database answers the search, for whoever develops it and may see everything."""
    access = request.caller.access
    if not (engine.settings.explain_searches and request.prefer.explains and access.unrestricted):
        return []
    told = await engine.store.searches.explained(query, access, elsewhere=elsewhere)
    return [Issue("informational", line, severity="information") for line in told]


def _cursor(pairs: Pairs) -> tuple[str | None, Pairs]:
    """The cursor of a next link, and the parameters without it."""
    cursors = [value for name, value in pairs if name == CURSOR]
    if len(cursors) > 1:
        raise bad_request("A page has one cursor.", CURSOR)
    return (cursors[0], [pair for pair in pairs if pair[0] != CURSOR]) if cursors else (None, pairs)


def _entry(request: FhirRequest, query: Query, resource: Resource, mode: str) -> JsonObject:
    url = f"{request.base_url}/{resource.reference}"
    return found(url, orjson.Fragment(body_of(resource, query)), mode)
