"""conditional update: the next version of the one resource that matches, or a new resource where none does.

https://hl7.org/fhir/R4/http.html#cond-update
"""

from __future__ import annotations

from telerehab import identity
from telerehab.engine import Engine
from telerehab.fhir.bundle_writes import ID
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, bad_request, conflict
from telerehab.resource import Resource, with_id
from telerehab.server.conditions import if_match, only_if_absent
from telerehab.server.criteria import Criteria
from telerehab.server.interactions.update import answer_update, put
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork


async def conditional_update(engine: Engine, request: FhirRequest) -> FhirResponse:
    content = request.resource()
    criteria = Criteria.of_pairs(request.type, request.query, request.base_url)
    version = if_match(request.headers.get("if-match"))
    absent = only_if_absent(request.headers.get("if-none-match"))

    async def act(work: UnitOfWork) -> tuple[UnitOfWork, Resource]:
        return work, await put(work, await identified(work, criteria, content), version, absent)

    return await answer_update(engine, request, *await engine.run(request.caller, act))


async def identified(work: UnitOfWork, criteria: Criteria, content: JsonObject) -> JsonObject:
    """`content` under the id that it will be written to: that of the match, its own, or a new one.

    Raises 412 for several matches, 400 where it names another id than the match, 409 where it names, without a
    match, a resource that is there.
    """
    id_ = content.get("id")
    if id_ is not None and not (isinstance(id_, str) and ID.fullmatch(id_)):
        raise bad_request("This is no id.", f"{criteria.type}.id", "value")
    match = await criteria.only_match(work)
    if match is not None:
        if id_ not in (None, match.id):
            raise bad_request("The criteria find a resource with another id.", f"{match.type}.id", "invalid")
        return with_id(content, match.id)
    if id_ is None:
        return with_id(content, identity.new_id())
    current = await work.current(criteria.type, id_)
    if current is not None and not current.deleted:
        raise taken(criteria.type, id_)
    return content


def taken(type_: str, id_: str) -> FhirError:
    """The refusal of a conditional update that would create a resource which is there."""
    return conflict(f"{type_}/{id_} is there, but does not match the criteria.", f"{type_}.id")
