"""The history of the whole system: the histories of all owners, merged by time.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime

from services.gateway.gateway import Gateway
from telerehab.fhir import json
from telerehab.fhir.bundle_writes import ID
from telerehab.fhir.definitions.structures import resource_types
from telerehab.fhir.outcome import bad_request
from telerehab.fhir.when import moment
from telerehab.owners import SERVICES
from telerehab.rpc.history import decode_versions, history_request
from telerehab.server.answers import whole
from telerehab.server.page import CURSOR
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.server.versions import asked_of, count_of, history_bundle
from telerehab.store.history import Asked, Place, Scope, Versions


async def system_history(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """One page of the versions of everything; 503 if an owner is down, for a history with gaps would be none."""
    asked, count = asked_of(request, Scope(), datetime.now(UTC)), count_of(request)
    after, until = _opened(request.one(CURSOR))
    page = await _merged(gateway, request, asked, until, after, count)
    next_ = _sealed(page.versions[-1].place, page.until) if page.more else None
    return whole(history_bundle(request, page.versions, next_, page.until))


async def _merged(
    gateway: Gateway,
    request: FhirRequest,
    asked: Asked,
    until: datetime | None,
    after: Place | None,
    count: int,
) -> Versions:
    """The first versions of those that each owner has first; it ends where the earliest of the owners does."""
    message = history_request(request.caller, asked, until, after, count)
    answers = await asyncio.gather(*(gateway.neighbours.owner(name).history(message) for name in SERVICES))
    pages = [decode_versions(answer) for answer in answers]
    ends = [page.until for page in pages if page.until is not None]
    if ends and min(ends) < max(ends):
        return await _merged(gateway, request, asked, min(ends), after, count)
    versions = sorted(
        (version for page in pages for version in page.versions),
        key=lambda version: version.place,
        reverse=not asked.oldest_first,
    )
    more = len(versions) > count or any(page.more for page in pages)
    return Versions(versions[:count], more, min(ends, default=None))


def _sealed(place: Place, until: datetime | None) -> str:
    """Where the next page starts. It is no secret: what is shown there is decided by who asks for it."""
    values = [place.last_updated.isoformat(), place.type, place.id, until.isoformat() if until else None]
    return urlsafe_b64encode(json.dump(values)).rstrip(b"=").decode()


def _opened(cursor: str | None) -> tuple[Place | None, datetime | None]:
    if cursor is None:
        return None, None
    try:
        last_updated, type_, id_, until = json.parse(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):  # no JSON, or no list of four
        raise _leads_nowhere() from None
    place, end = moment(last_updated), moment(until)
    names = type_ in resource_types() and isinstance(id_, str) and ID.fullmatch(id_)
    if place is None or not names or (until and end is None):
        raise _leads_nowhere()
    return Place(place, type_, id_), end


def _leads_nowhere() -> Exception:
    return bad_request("This link leads nowhere.", CURSOR, "value")
