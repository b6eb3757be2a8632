"""$everything: all that is known of a patient, from every owner, and what it refers to.

https://hl7.org/fhir/R4/operation-patient-everything.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.gateway.gateway import Gateway
from services.gateway.supporting import supporting
from telerehab.fhir import json
from telerehab.fhir.bundle import bundle, found, page_link
from telerehab.fhir.definitions.operations import operation_definition
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, operation_outcome, too_costly
from telerehab.operation import Parameters
from telerehab.owners import SERVICES, types_of
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.resource import Resource
from telerehab.rpc.encoding import decode_resource, encode_caller
from telerehab.rpc.status import issues_of
from telerehab.server.answers import whole
from telerehab.server.operations.parameters import parse_parameters
from telerehab.server.request import FhirRequest, FhirResponse

CURSOR = "_cursor"
AT_ONCE = 500  # resources asked of an owner in one call
MOST = 1000  # matches on a page: the largest record is never in memory whole


@dataclass(slots=True)
class _Page:
    """A page in the making, and where the next one starts."""

    matches: list[Resource] = field(default_factory=list)
    missing: list[FhirError] = field(default_factory=list)
    next: str = ""


async def everything(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """One page, of `MOST` unless `_count` says less; an owner that is down is told in an entry of mode outcome."""
    asked = FhirRequest(
        request.method,
        request.path,
        request.caller,
        request.base_url,
        [pair for pair in request.query if pair[0] != CURSOR],
        request.headers,
        request.body,
    )
    definition = operation_definition("everything", "Patient")
    assert definition is not None  # R4 has it
    parameters = parse_parameters(asked, dict(definition), None)
    types = _types(parameters)
    wanted = _count(parameters)
    patient = await _patient(gateway, request)
    cursor = request.one(CURSOR) or ""
    message = _message(request, patient, types, parameters)
    first = [patient] if not cursor and (not types or "Patient" in types) else []
    page = await _collect(gateway, message, cursor, wanted - len(first))
    matches = [*first, *(one for one in page.matches if one.reference != patient.reference)]
    included, missing = await supporting(gateway, request.caller, matches, types)
    url = f"{request.base_url}/{patient.reference}"
    entries = [
        *(found(f"{request.base_url}/{one.reference}", one, "match") for one in matches),
        *(found(f"{request.base_url}/{one.reference}", one, "include") for one in included),
        *(_outcome(error) for error in [*page.missing, *missing]),
    ]
    pairs = _pairs(parameters)
    links = [("self", page_link(f"{url}/$everything", [*pairs, (CURSOR, cursor)] if cursor else pairs))]
    if page.next:
        links.append(("next", page_link(f"{url}/$everything", [*pairs, (CURSOR, page.next)])))
    return whole(bundle("searchset", entries, links=links))


async def _patient(gateway: Gateway, request: FhirRequest) -> Resource:
    if len(request.path) == 2:
        raise too_costly("$everything is for one patient: [base]/Patient/[id]/$everything.")
    owner = gateway.neighbours.owner_of("Patient")
    asked = pb.HandleRequest(
        caller=encode_caller(request.caller), method="GET", base_url=request.base_url, path=request.path[:2]
    )
    answered = await owner.handle(asked)
    if answered.status != 200:
        outcome = json.parse_object(answered.body)
        raise FhirError(answered.status, issues_of(outcome))
    read = await owner.read(["/".join(request.path[:2])], request.caller)
    return read[0]


async def _collect(gateway: Gateway, message: pb.CompartmentRequest, cursor: str, count: int) -> _Page:
    """Up to `count` resources, owner after owner, from `cursor` ("owner.cursor there") on."""
    page = _Page()
    place, there = _start(cursor)
    while place < len(SERVICES) and len(page.matches) < count:
        if message.types and types_of(SERVICES[place]).isdisjoint(message.types):
            place, there = place + 1, ""
            continue
        message.cursor, message.count = there, min(AT_ONCE, count - len(page.matches))
        try:
            answered = await gateway.neighbours.owner(SERVICES[place]).compartment(message)
        except FhirError as error:
            if error.status not in (503, 504):
                raise
            page.missing.append(error)
            place, there = place + 1, ""
            continue
        page.matches += [decode_resource(resource) for resource in answered.resources]
        there = answered.next_cursor
        place += not there
    page.next = f"{place}.{there}" if place < len(SERVICES) else ""
    return page


def _start(cursor: str) -> tuple[int, str]:
    place, _, there = (cursor or "0.").partition(".")
    if not (place.isascii() and place.isdigit()) or int(place[:4]) >= len(SERVICES):
        raise bad_request("This link leads nowhere.", CURSOR, "value")
    return int(place), there


def _message(
    request: FhirRequest, patient: Resource, types: Sequence[str], parameters: Parameters
) -> pb.CompartmentRequest:
    message = pb.CompartmentRequest(
        caller=encode_caller(request.caller),
        patients=[patient.id],
        types=types,
        start=parameters.one("start") or "",
        end=parameters.one("end") or "",
    )
    since = parameters.one("_since")
    if since is not None:
        message.since.FromDatetime(datetime.fromisoformat(since))
    return message


def _types(parameters: Parameters) -> list[str]:
    types = list(dict.fromkeys(type_ for given in parameters.all("_type") for type_ in given.split(",")))
    for type_ in types:
        if type_ not in resource_types():
            raise bad_request(f"'{type_[:64]}' is not a FHIR R4 resource type.", "Parameters._type", "value")
    return types


def _count(parameters: Parameters) -> int:
    if parameters.one("_offset") is not None:
        raise bad_request("Pages are followed by their links.", "Parameters._offset", "not-supported")
    count = parameters.one("_count")
    if count is None:
        return MOST
    if int(count) < 1:
        raise bad_request("_count is a number from 1 on.", "Parameters._count", "value")
    return min(int(count), MOST)


def _pairs(parameters: Parameters) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, values in parameters.values.items() for value in values]


def _outcome(error: FhirError) -> JsonObject:
    told = [Issue("incomplete", issue.diagnostics, severity="warning") for issue in error.issues]
    return {"resource": operation_outcome(told), "search": {"mode": "outcome"}}
