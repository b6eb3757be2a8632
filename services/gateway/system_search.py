"""A search over several types, or in a compartment of all: the pages of one owner after those of the other.

Types that one owner keeps are searched by it in one go, so that all a search can do is there. Where several owners
are asked, their pages follow each other; an order over all of them there is none.
https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson

from services.gateway.gateway import Gateway
from telerehab.fhir import json
from telerehab.fhir.bundle import bundle, found, page_link
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request
from telerehab.fhir.search import parse_query
from telerehab.fhir.search.query import SYSTEM, Query
from telerehab.fhir.search.scope import named_types, parse_compartment, types_in
from telerehab.owners import SERVICES, types_of
from telerehab.rpc.encoding import decode_resource
from telerehab.server.answers import whole
from telerehab.server.interactions.search_type import asked
from telerehab.server.partial import body_of
from telerehab.server.request import FhirRequest, FhirResponse, Pairs

CURSOR = "_cursor"
_OF_THE_WHOLE = ("_type", "_count", "_total")


@dataclass(frozen=True, slots=True)
class _Search:
    """A search, its types by owner, and what each owner is asked besides its types and the size of the page."""

    request: FhirRequest
    query: Query
    compartment: str
    types: dict[str, list[str]]
    criteria: Pairs

    @property
    def owners(self) -> list[str]:
        return list(self.types)

    def text(self, owner: str, *more: tuple[str, str]) -> str:
        """What one owner is asked, as in a URL."""
        return f"?{urlencode([('_type', ','.join(self.types[owner])), *self.criteria, *more])}"


@dataclass(slots=True)
class _Page:
    """A page in the making: its matches, what came with them, what is lacking; and where the next one starts."""

    matches: list[JsonObject] = field(default_factory=list)
    others: list[JsonObject] = field(default_factory=list)
    place: int = 0
    cursor: str = ""


async def system_search(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """One page of `[base]?_type=A,B&…`, or without types of all; every parameter must be known to all of them."""
    return await _answer(gateway, request, "")


async def compartment_search(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """One page of `[base]/Patient/[id]/*?…`: what is in a compartment, of whatever type."""
    return await _answer(gateway, request, "/".join(request.path[:2]))


async def _answer(gateway: Gateway, request: FhirRequest, compartment: str) -> FhirResponse:
    pairs = asked(request)
    cursors = [value for name, value in pairs if name == CURSOR]
    pairs = [pair for pair in pairs if pair[0] != CURSOR]
    search = _search(request, pairs, compartment)
    page = _start(cursors, len(search.owners))
    total, _ = await asyncio.gather(_total(gateway, search), _fill(page, gateway, search))
    url = "/".join([request.base_url, *request.path]).removesuffix("/_search")
    understood = search.query.understood
    links = [("self", page_link(url, understood))]
    if page.place < len(search.owners) and search.query.count:
        links.append(("next", page_link(url, [*understood, (CURSOR, f"{page.place}.{page.cursor}")])))
    return whole(bundle("searchset", [*page.matches, *page.others], links=links, total=total))


def _search(request: FhirRequest, pairs: Pairs, compartment: str) -> _Search:
    """Refuse before anything is asked."""
    possible: Sequence[str] = sorted(resource_types())
    if compartment:
        possible = types_in(parse_compartment(compartment)[0], possible)
    query = parse_query(
        SYSTEM,
        pairs,
        lenient=request.prefer.lenient,
        base=request.base_url,
        types=possible,
        compartment=compartment,
    )
    types = named_types(pairs, possible)
    by_owner = {name: [type_ for type_ in types if type_ in types_of(name)] for name in SERVICES}
    by_owner = {name: of for name, of in by_owner.items() if of}
    if len(by_owner) > 1 and query.sort:
        told = (
            f"These types are kept by several services ({', '.join(by_owner)}), over which there is no order."
        )
        raise bad_request(told, "_sort", "not-supported")
    criteria = [pair for pair in query.understood if pair[0] not in _OF_THE_WHOLE]
    return _Search(request, query, compartment, by_owner, criteria)


async def _total(gateway: Gateway, search: _Search) -> int | None:
    """How many match at all owners, if that was asked."""
    if search.query.total == "none":
        return None
    counted = await asyncio.gather(
        *(
            gateway.neighbours.owner(name).search(
                search.text(name, ("_count", "0"), ("_total", search.query.total)),
                search.request.caller,
                compartment=search.compartment,
            )
            for name in search.owners
        )
    )
    return sum(answer.total for answer in counted)


async def _fill(page: _Page, gateway: Gateway, search: _Search) -> None:
    """Take what comes next from owner after owner until the page is full."""
    request, query = search.request, search.query
    while page.place < len(search.owners) and len(page.matches) < query.count:
        owner = search.owners[page.place]
        answer = await gateway.neighbours.owner(owner).search(
            search.text(owner, ("_count", str(query.count - len(page.matches)))),
            request.caller,
            page.cursor,
            search.compartment,
        )
        for listed, resources, mode in (
            (page.matches, answer.matches, "match"),
            (page.others, answer.included, "include"),
        ):
            for resource in map(decode_resource, resources):
                url = f"{request.base_url}/{resource.reference}"
                listed.append(found(url, orjson.Fragment(body_of(resource, query)), mode))
        if answer.outcome:
            page.others.append({"resource": json.parse_object(answer.outcome), "search": {"mode": "outcome"}})
        page.cursor = answer.next_cursor
        page.place += not page.cursor


def _start(cursors: Sequence[str], owners: int) -> _Page:
    """The page that a link leads to: the place among the owners, and the owner's cursor there."""
    place, _, cursor = (cursors[0] if cursors else "0.").partition(".")
    is_place = place.isascii() and place.isdigit() and len(place) <= 3
    if len(cursors) > 1 or not is_place or int(place) > max(0, owners - 1):
        raise bad_request("This link leads nowhere.", CURSOR, "value")
    return _Page(place=int(place), cursor=cursor)
