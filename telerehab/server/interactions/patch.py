"""patch: a resource changed by a JSON Patch or a FHIRPath Patch; the result is judged as an update is.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, version_mismatch
from telerehab.fhir.patch import Patch, patch_of
from telerehab.planning import NO_ENTRY
from telerehab.resource import Resource
from telerehab.server.conditions import if_match
from telerehab.server.interactions.update import answer_update
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork, existing


async def patch(engine: Engine, request: FhirRequest) -> FhirResponse:
    change = patch_of(request.headers.get("content-type", ""), request.body)
    version = if_match(request.headers.get("if-match"))

    async def act(work: UnitOfWork) -> tuple[UnitOfWork, Resource]:
        return work, await put_patched(work, request.type, request.id, change, version)

    return await answer_update(engine, request, *await engine.run(request.caller, act))


async def put_patched(
    work: UnitOfWork, type_: str, id_: str, change: Patch, version: int | None, entry: int = NO_ENTRY
) -> Resource:
    """Plan the patched resource as its next version; `version` must be current.

    Raises 404 or 410 where there is nothing to patch, 412, and 422 for a patch that cannot be applied or that
    leaves no valid resource.
    """
    current = existing(await work.current(type_, id_), type_, id_)
    if version is not None and current.version != version:
        raise version_mismatch(type_, id_)
    content = change.apply(json.parse_object(current.wire()))
    _require_same(content, current)
    faults = [fault for fault in work.engine.validate(content) if fault.severity in ("error", "fatal")]
    if faults:
        raise FhirError(422, faults)
    resource = await work.put(content, if_version=current.version, entry=entry)
    if resource not in work.unchanged:
        work.planned[resource.reference].method = "PATCH"
    return resource


def _require_same(content: JsonObject, current: Resource) -> None:
    for name, value in (("resourceType", current.type), ("id", current.id)):
        if content.get(name) != value:
            raise FhirError(422, [Issue("invalid", f"A patch leaves the {name} as it is.", name)])
