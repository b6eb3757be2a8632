"""vread: one version of a resource.

https://hl7.org/fhir/R4/http.html#vread
"""

from __future__ import annotations

import re

from telerehab.engine import Engine
from telerehab.fhir.outcome import not_found
from telerehab.server import audit
from telerehab.server.answers import not_modified, shown
from telerehab.server.conditions import unmodified
from telerehab.server.partial import partial_body
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import existing

_VERSION = re.compile(r"[1-9][0-9]{0,8}")


async def vread(engine: Engine, request: FhirRequest) -> FhirResponse:
    type_, id_, _, version = request.path
    if _VERSION.fullmatch(version) is None:
        raise not_found(type_, f"{id_}/_history/{version[:20]}")
    found = await engine.store.version(type_, id_, int(version), request.caller.access)
    resource = existing(found, type_, f"{id_}/_history/{version}")
    body = partial_body(request, resource)
    await audit.seen(engine, request, resource)
    headers = request.headers
    if unmodified(resource, headers.get("if-none-match"), headers.get("if-modified-since")):
        return not_modified(resource)
    return shown(resource, body=body)
