"""update: the next version of a resource, or its first under the client's own id.

https://hl7.org/fhir/R4/http.html#update
https://hl7.org/fhir/R4/http.html#upsert
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, not_found, version_mismatch
from telerehab.planning import NO_ENTRY
from telerehab.resource import Resource
from telerehab.server import audit
from telerehab.server.answers import written
from telerehab.server.conditions import if_match, only_if_absent
from telerehab.server.position import tell_position
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork


async def update(engine: Engine, request: FhirRequest) -> FhirResponse:
    content = request.resource()
    require_id(content, request.id)
    version = if_match(request.headers.get("if-match"))
    absent = only_if_absent(request.headers.get("if-none-match"))

    async def act(work: UnitOfWork) -> tuple[UnitOfWork, Resource]:
        return work, await put(work, content, version, absent)

    return await answer_update(engine, request, *await engine.run(request.caller, act))


async def answer_update(
    engine: Engine, request: FhirRequest, work: UnitOfWork, resource: Resource
) -> FhirResponse:
    """The answer to an update, of whatever kind, that is committed."""
    if resource in work.unchanged:
        await audit.seen(engine, request, resource, "U")
        return written(request, resource, 200)
    return tell_position(written(request, resource, 201 if is_new(work, resource) else 200), work)


async def put(
    work: UnitOfWork, content: JsonObject, version: int | None, absent: bool = False, entry: int = NO_ENTRY
) -> Resource:
    """Plan an update under its preconditions: `version` must be current, `absent` nothing may be there.

    Who may see some patients only makes no resource under an id of their own choice: whether it is taken by a
    resource that is hidden from them must not show.
    """
    type_, id_ = content["resourceType"], content["id"]
    if absent or not work.caller.access.unrestricted:
        current = await work.current(type_, id_)
        if absent and current is not None and not current.deleted:
            raise FhirError(412, [Issue("conflict", f"{type_}/{id_} exists already.", "http.If-None-Match")])
        if current is None and not work.caller.access.unrestricted:
            raise not_found(type_, id_) if version is None else version_mismatch(type_, id_)
    return await work.put(content, if_version=version, entry=entry)


def is_new(work: UnitOfWork, resource: Resource) -> bool:
    """Whether this work makes the resource, or brings it back after a deletion."""
    return work.planned[resource.reference].before is None


def require_id(content: JsonObject, id_: str) -> None:
    """400 unless the body names the id of the URL."""
    if content.get("id") != id_:
        raise bad_request(
            "The resource's id must be the one in the URL.", f"{content['resourceType']}.id", "invalid"
        )
