"""delete: the resource is gone, its history stays; doing it again changes nothing.

https://hl7.org/fhir/R4/http.html#delete
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.outcome import Issue, operation_outcome
from telerehab.resource import Resource
from telerehab.server import audit
from telerehab.server.answers import whole
from telerehab.server.conditions import if_match
from telerehab.server.position import tell_position
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork


async def delete(engine: Engine, request: FhirRequest) -> FhirResponse:
    type_, id_ = request.path
    version = if_match(request.headers.get("if-match"))

    async def act(work: UnitOfWork) -> tuple[UnitOfWork, Resource | None]:
        return work, await work.delete(type_, id_, if_version=version)

    work, deleted = await engine.run(request.caller, act)
    return await answer_delete(engine, request, work, deleted, f"{type_}/{id_}")


async def answer_delete(
    engine: Engine, request: FhirRequest, work: UnitOfWork, deleted: Resource | None, wanted: str
) -> FhirResponse:
    """The answer to a deletion that is committed; `wanted` is what there may have been nothing of."""
    if deleted is None:
        await audit.nothing_to_delete(engine, request)
    headers = {"etag": f'W/"{deleted.version + 1}"'} if deleted else {}
    if request.prefer.returns != "OperationOutcome":
        return tell_position(FhirResponse(204, headers), work)
    said = f"{deleted.reference} is deleted." if deleted else f"There was no {wanted} to delete."
    response = whole(operation_outcome([Issue("informational", said, None, "information")]))
    response.headers.update(headers)
    return tell_position(response, work)
