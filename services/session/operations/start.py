"""Encounter/[id]/$start: the visit begins now."""

from __future__ import annotations

from services.session.operations.moving import move_visit
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


@operation("start.json")
async def start(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The visit, in-progress; 422 where its lifecycle does not allow that now."""
    return await move_visit(parameters, "in-progress", work)
