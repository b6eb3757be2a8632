"""The dispatch of operations: found by level and code, parsed by their definition, done in a unit of work.

https://hl7.org/fhir/R4/operations.html#executing
"""

from __future__ import annotations

from typing import Any

from telerehab.engine import Engine
from telerehab.fhir.outcome import FhirError, Issue, not_allowed
from telerehab.operation import Operation
from telerehab.resource import Resource
from telerehab.server import audit
from telerehab.server.answers import shown, whole
from telerehab.server.commands import Result, run_once
from telerehab.server.operations.parameters import parse_parameters
from telerehab.server.operations.registry import find_operation
from telerehab.server.position import tell_position
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.unit_of_work import UnitOfWork, existing


async def operation(engine: Engine, request: FhirRequest) -> FhirResponse:
    called = _called(engine, request)
    if called.writes and request.method != "POST":
        raise not_allowed(request.method, ["POST"])
    on = await _on(engine, request)
    parameters = parse_parameters(request, called.definition, on, searches=called.searches)

    async def act(work: UnitOfWork) -> Result:
        work.operated = True
        return await called.perform(parameters, work)

    if called.writes:
        result, work = await run_once(engine, request, act)
    else:
        result, work = await act(UnitOfWork(engine, request.caller)), None
    await audit.performed(engine, request, f"${called.code}", list(_resources(result)))
    response = shown(result) if isinstance(result, Resource) else whole(result)
    if isinstance(result, Resource) and (on is None or result.reference != on.reference):
        response.headers["location"] = f"{request.base_url}/{result.reference}/_history/{result.version}"
    return response if work is None else tell_position(response, work)


def _called(engine: Engine, request: FhirRequest) -> Operation:
    *place, code = request.path
    type_ = place[0] if place else None
    found = find_operation(engine.service, code[1:], type_, instance=len(place) == 2)
    if found is None:
        where = "the whole system" if type_ is None else f"one {type_}" if len(place) == 2 else type_
        told = f"There is no operation '{code[:64]}' on {where}."
        raise FhirError(404, [Issue("not-supported", told)])
    return found


async def _on(engine: Engine, request: FhirRequest) -> Resource | None:
    """The resource that an operation is called on, at instance level."""
    if len(request.path) != 3:
        return None
    type_, id_, _ = request.path
    return existing(await engine.store.read(type_, id_, request.caller.access), type_, id_)


def _resources(value: Any) -> Any:
    """The stored resources in a result."""
    if isinstance(value, Resource):
        yield value
    elif isinstance(value, dict):
        for held in value.values():
            yield from _resources(held)
    elif isinstance(value, list):
        for held in value:
            yield from _resources(held)
