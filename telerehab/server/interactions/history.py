"""history: the versions of a resource, of a type, or of all that this service keeps, the newest first.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from datetime import datetime, timedelta

from telerehab.engine import Engine
from telerehab.fhir.bundle import bundle, page_link, responded
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request, not_found
from telerehab.fhir.search.predicate import Prefix
from telerehab.fhir.search.query import DEFAULT_COUNT, MAX_COUNT
from telerehab.fhir.search.types.date import parse_range
from telerehab.fhir.when import moment
from telerehab.resource import instant
from telerehab.server import audit
from telerehab.server.answers import whole
from telerehab.server.page import CURSOR
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.store.history import Scope, Version

_KNOWN = frozenset({"_since", "_at", "_count", "_format", "_pretty", CURSOR})


async def history_instance(engine: Engine, request: FhirRequest) -> FhirResponse:
    type_, id_, _ = request.path
    if await engine.store.read(type_, id_, request.caller.access) is None:
        raise not_found(type_, id_)
    return await _history(engine, request, Scope(type_, id_))


async def history_type(engine: Engine, request: FhirRequest) -> FhirResponse:
    return await _history(engine, request, Scope(request.type))


async def history_system(engine: Engine, request: FhirRequest) -> FhirResponse:
    return await _history(engine, request, Scope())


async def _history(engine: Engine, request: FhirRequest, scope: Scope) -> FhirResponse:
    pairs = _understood(request)
    count = _count(request.one("_count"))
    page = await engine.store.history(
        scope,
        request.caller.access,
        since=_since(request.one("_since")),
        at=_at(request.one("_at"), engine.clock()),
        count=count,
        cursor=request.one(CURSOR),
    )
    seen = [version.resource for version in page.versions]
    await audit.listed(engine, request, scope.type or "", seen, id_=scope.id or "")
    url = "/".join([request.base_url, *request.path])
    links = [("self", page_link(url, pairs))]
    if page.next:
        links.append(("next", page_link(url, [*pairs, (CURSOR, page.next)])))
    entries = [_entry(request.base_url, version) for version in page.versions]
    until = None if page.until is None else instant(page.until)
    return whole(bundle("history", entries, links=links, last_updated=until))


def _entry(base_url: str, version: Version) -> JsonObject:
    """What was done, and what it made; a deletion has no resource."""
    resource = version.resource
    url = resource.type if version.method == "POST" else resource.reference
    last_updated = instant(resource.last_updated) if resource.last_updated else None
    status = 204 if resource.deleted else 201 if resource.version == 1 else 200
    answer = responded(
        status,
        etag=resource.etag,
        last_modified=last_updated,
        resource=None if resource.deleted else resource,
        full_url=f"{base_url}/{resource.reference}",
    )
    response = answer.pop("response")
    return {**answer, "request": {"method": version.method, "url": url}, "response": response}


def _understood(request: FhirRequest) -> list[tuple[str, str]]:
    """The parameters, without the cursor; 400 for one that a history does not have."""
    for name, _ in request.query:
        if name not in _KNOWN and not request.prefer.lenient:
            raise bad_request(f"A history has no parameter '{name[:64]}'.", name[:64], "not-supported")
    return [pair for pair in request.query if pair[0] in _KNOWN and pair[0] != CURSOR]


def _count(value: str | None) -> int:
    if value is None:
        return DEFAULT_COUNT
    if not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
        raise bad_request("_count is a whole number from 1 on.", "_count", "value")
    return min(int(value[:9]), MAX_COUNT)


def _since(value: str | None) -> datetime | None:
    if value is None:
        return None
    since = moment(value.replace(" ", "+"))  # a plus that was not escaped
    if since is None:
        raise bad_request("_since is an instant, as 2024-05-01T08:00:00Z.", "_since", "value")
    return since


def _at(value: str | None, now: datetime) -> tuple[datetime, datetime] | None:
    if value is None:
        return None
    prefix, lo, hi = parse_range("_at", value.replace(" ", "+"), now)
    if prefix is not Prefix.eq:
        raise bad_request("_at is a date or time without a prefix.", "_at", "value")
    return lo, max(hi, lo + timedelta(milliseconds=1))
