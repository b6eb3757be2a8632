"""history: the versions of a resource, of a type, or of all that this service keeps, the newest first.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.outcome import not_found
from telerehab.server import audit
from telerehab.server.answers import whole
from telerehab.server.page import CURSOR
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.server.versions import asked_of, count_of, history_bundle
from telerehab.store.history import Scope


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
    asked = asked_of(request, scope, engine.clock())
    page = await engine.store.history(
        scope,
        asked.access,
        since=asked.since,
        at=asked.at,
        oldest_first=asked.oldest_first,
        count=count_of(request),
        cursor=request.one(CURSOR),
    )
    seen = [version.resource for version in page.versions]
    await audit.listed(engine, request, scope.type or "", seen, id_=scope.id or "")
    return whole(history_bundle(request, page.versions, page.next, page.until))
