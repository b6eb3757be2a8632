"""conditional patch: a patch of the one resource that matches.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.fhir.patch import patch_of
from telerehab.resource import Resource
from telerehab.server.conditions import if_match
from telerehab.server.criteria import Criteria
from telerehab.server.interactions.patch import put_patched
from telerehab.server.interactions.update import answer_update
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork


async def conditional_patch(engine: Engine, request: FhirRequest) -> FhirResponse:
    change = patch_of(request.headers.get("content-type", ""), request.body)
    criteria = Criteria.of_pairs(request.type, request.query, request.base_url)
    version = if_match(request.headers.get("if-match"))

    async def act(work: UnitOfWork) -> tuple[UnitOfWork, Resource]:
        match = await criteria.match(work)
        if match is None:
            raise nothing_to_patch(criteria.type)
        return work, await put_patched(work, match.type, match.id, change, version)

    return await answer_update(engine, request, *await engine.run(request.caller, act))


def nothing_to_patch(type_: str) -> FhirError:
    """The refusal of a conditional patch without a match."""
    return FhirError(404, [Issue("not-found", f"No {type_} matches the criteria.")])
