"""Histories as requests ask for them and as Bundles show them, for one owner and for all.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from telerehab.fhir.bundle import Link, bundle, page_link, responded
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request
from telerehab.fhir.search.predicate import Prefix
from telerehab.fhir.search.query import DEFAULT_COUNT, MAX_COUNT
from telerehab.fhir.search.types.date import parse_range
from telerehab.fhir.when import moment
from telerehab.resource import instant
from telerehab.server.page import CURSOR
from telerehab.server.request import FhirRequest
from telerehab.store.history import Asked, Scope, Version

_KNOWN = frozenset({"_since", "_at", "_count", "_sort", "_format", "_pretty", CURSOR})
_SORTS = {None: False, "-_lastUpdated": False, "none": False, "_lastUpdated": True}


def asked_of(request: FhirRequest, scope: Scope, now: datetime) -> Asked:
    """What a history request asks for; 400 for a parameter that a history does not have, or that is malformed."""
    for name, _ in request.query:
        if name not in _KNOWN and not request.prefer.lenient:
            raise bad_request(f"A history has no parameter '{name[:64]}'.", name[:64], "not-supported")
    sort = request.one("_sort")
    if sort not in _SORTS:
        raise bad_request("_sort is _lastUpdated or -_lastUpdated.", "_sort", "value")
    since, at = _since(request.one("_since")), _at(request.one("_at"), now)
    return Asked(scope, request.caller.access, since, at, _SORTS[sort])


def count_of(request: FhirRequest) -> int:
    """How many versions a page may have."""
    value = request.one("_count")
    if value is None:
        return DEFAULT_COUNT
    if not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
        raise bad_request("_count is a whole number from 1 on.", "_count", "value")
    return min(int(value[:9]), MAX_COUNT)


def history_bundle(
    request: FhirRequest, versions: Sequence[Version], next_: str | None, until: datetime | None
) -> JsonObject:
    """The Bundle of one page; `next_` is the cursor of the following one, `until` where the listing ends."""
    pairs = [pair for pair in request.query if pair[0] in _KNOWN and pair[0] != CURSOR]
    url = "/".join([request.base_url, *request.path])
    links: list[Link] = [("self", page_link(url, pairs))]
    if next_:
        links.append(("next", page_link(url, [*pairs, (CURSOR, next_)])))
    entries = [_entry(request.base_url, version) for version in versions]
    return bundle("history", entries, links=links, last_updated=instant(until) if until else None)


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
