"""Encounter/[id]/$check-in: the patient has arrived, in the waiting room or on the link."""

from __future__ import annotations

from services.session.operations.moving import move_visit
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


@operation("check-in.json")
async def check_in(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The visit, arrived; 422 where its lifecycle does not allow that now."""
    return await move_visit(parameters, "arrived", work)
