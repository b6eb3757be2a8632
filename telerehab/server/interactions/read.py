"""read: the current version of a resource, or 304 where the client's copy still is.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.server import audit
from telerehab.server.answers import not_modified, shown
from telerehab.server.conditions import unmodified
from telerehab.server.partial import partial_body
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import existing


async def read(engine: Engine, request: FhirRequest) -> FhirResponse:
    type_, id_ = request.path
    resource = existing(await engine.store.read(type_, id_, request.caller.access), type_, id_)
    body = partial_body(request, resource)
    await audit.seen(engine, request, resource)
    headers = request.headers
    if unmodified(resource, headers.get("if-none-match"), headers.get("if-modified-since")):
        return not_modified(resource)
    return shown(resource, body=body)
