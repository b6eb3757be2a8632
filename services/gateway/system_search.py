"""A search over several types: the pages of one type after those of the other, each from its owner.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from services.gateway.gateway import Gateway
from telerehab.fhir.bundle import bundle, found, page_link
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request, unknown_type
from telerehab.fhir.search import parse_query
from telerehab.fhir.search.query import DEFAULT_COUNT, MAX_COUNT
from telerehab.rpc.encoding import decode_resource
from telerehab.server.answers import whole
from telerehab.server.negotiation import require_form
from telerehab.server.request import FhirRequest, FhirResponse, Pairs, decoded_pairs

CURSOR = "_cursor"
_RESULT = ("_type", "_count", CURSOR, "_format", "_pretty")
_REFUSED = (
    "_sort",
    "_total",
    "_include",
    "_revinclude",
    "_include:iterate",
    "_revinclude:iterate",
    "_summary",
    "_elements",
)


async def system_search(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """One page of `[base]?_type=A,B&...`; every parameter must be known to all of the types."""
    return await _page(gateway, request, list(request.query))


async def system_search_by_form(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    require_form(request.headers.get("content-type", ""))
    form = decoded_pairs(request.body.decode("ascii", "replace"))
    return await _page(gateway, request, [*request.query, *form])


async def _page(gateway: Gateway, request: FhirRequest, pairs: Pairs) -> FhirResponse:
    types = _types(pairs)
    criteria = [(name, value) for name, value in pairs if name not in _RESULT]
    for name, _ in criteria:
        if name.partition(":")[0] in _REFUSED:
            raise bad_request(f"'{name}' is for searches on one type.", name, "not-supported")
    for type_ in types:
        parse_query(type_, criteria, base=request.base_url)  # refuse before anything is asked
    count = _count(pairs)
    place, cursor = _start(pairs, len(types))
    entries: list[JsonObject] = []
    while place < len(types) and len(entries) < count:
        query = urlencode([*criteria, ("_count", str(count - len(entries)))])
        owner = gateway.neighbours.owner_of(types[place])
        page = await owner.search(f"{types[place]}?{query}", request.caller, cursor)
        for match in page.matches:
            resource = decode_resource(match)
            entries.append(found(f"{request.base_url}/{resource.reference}", resource, "match"))
        cursor = page.next_cursor
        if not cursor:
            place += 1
    understood = [("_type", ",".join(types)), *criteria, ("_count", str(count))]
    links = [("self", page_link(request.base_url, understood))]
    if place < len(types):
        links.append(("next", page_link(request.base_url, [*understood, (CURSOR, f"{place}.{cursor}")])))
    return whole(bundle("searchset", entries, links=links))


def _types(pairs: Pairs) -> Sequence[str]:
    types = list(dict.fromkeys(t for name, value in pairs if name == "_type" for t in value.split(",")))
    if not types:
        raise bad_request("A search on the whole system names its types.", "_type", "required")
    for type_ in types:
        if type_ not in resource_types():
            raise unknown_type(type_)
    return types


def _count(pairs: Pairs) -> int:
    given = [value for name, value in pairs if name == "_count"]
    if not given:
        return DEFAULT_COUNT
    if (
        len(given) > 1
        or not (given[0].isascii() and given[0].isdigit())
        or len(given[0]) > 9
        or int(given[0]) == 0
    ):
        raise bad_request("_count is a number from 1 on, given once.", "_count", "value")
    return min(int(given[0]), MAX_COUNT)


def _start(pairs: Pairs, types: int) -> tuple[int, str]:
    """Where the page starts: the place among the types, and the owner's cursor there."""
    place, _, cursor = next((value for name, value in pairs if name == CURSOR), "0.").partition(".")
    if not (place.isascii() and place.isdigit()) or len(place) > 3 or int(place) >= types:
        raise bad_request("This link leads nowhere.", CURSOR, "value")
    return int(place), cursor
