"""create: a new resource under an id that the server gives, or with If-None-Exist the one that matches already.

https://hl7.org/fhir/R4/http.html#create
https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from telerehab.engine import Engine
from telerehab.fhir.json import JsonObject
from telerehab.server import audit
from telerehab.server.answers import written
from telerehab.server.commands import Result, run_once
from telerehab.server.criteria import Criteria
from telerehab.server.position import tell_position
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork


async def create(engine: Engine, request: FhirRequest) -> FhirResponse:
    content = without_id(request.resource())
    header = request.headers.get("if-none-exist")
    criteria = None if header is None else Criteria.of(request.type, header, request.base_url)

    async def act(work: UnitOfWork) -> Result:
        match = None if criteria is None else await criteria.only_match(work)
        return {"is_new": match is None, "resource": match or work.create(content)}

    result, work = await run_once(engine, request, act)
    response = written(request, result["resource"], 201 if result["is_new"] else 200)
    if work is None or not result["is_new"]:
        await audit.seen(engine, request, result["resource"])
    return response if work is None else tell_position(response, work)


def without_id(content: JsonObject) -> JsonObject:
    """A create ignores the id that a client proposes."""
    return {name: value for name, value in content.items() if name not in ("id", "_id")}
