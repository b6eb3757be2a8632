"""What the operations on a visit share: which visit it is, and moving it along its lifecycle."""

from __future__ import annotations

from services.session.domain.visit import at_status
from services.session.lifecycles import is_visit
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.operation import Parameters
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


async def move_visit(parameters: Parameters, status: str, work: UnitOfWork) -> Resource:
    """The visit the operation was called on, in `status`; the lifecycle rule refuses what cannot be."""
    encounter = await visit_of(parameters, work)
    return await work.put(at_status(encounter.content, status, work.now))


async def visit_of(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The visit that is called on, as it is now, also when the work is planned again; 422 if it is none."""
    assert parameters.on is not None, "an instance-level operation is called on an instance"
    encounter = await work.required("Encounter", parameters.on.id)
    if not is_visit(encounter.content):
        raise FhirError(422, [Issue("business-rule", "This Encounter is no visit that was booked here.")])
    return encounter
