"""conditional delete: the one resource that matches is gone; several are left alone.

https://hl7.org/fhir/R4/http.html#3.1.0.7.1
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.resource import Resource
from telerehab.server.conditions import if_match
from telerehab.server.criteria import Criteria
from telerehab.server.interactions.delete import answer_delete
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork


async def conditional_delete(engine: Engine, request: FhirRequest) -> FhirResponse:
    criteria = Criteria.of_pairs(request.type, request.query, request.base_url)
    version = if_match(request.headers.get("if-match"))

    async def act(work: UnitOfWork) -> tuple[UnitOfWork, Resource | None]:
        match = await criteria.match(work)
        if match is None:
            return work, None
        return work, await work.delete(match.type, match.id, if_version=version)

    work, deleted = await engine.run(request.caller, act)
    return await answer_delete(engine, request, work, deleted, f"{criteria.type} that matches")
