"""Encounter/[id]/$finish: the visit is over; its appointment is fulfilled."""

from __future__ import annotations

from services.session.operations.moving import move_visit
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


@operation("finish.json")
async def finish(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The visit, finished; 422 where its lifecycle does not allow that now."""
    return await move_visit(parameters, "finished", work)
