"""What check-in, start and finish share: an instance-level operation that moves the visit along its lifecycle."""

from __future__ import annotations

from services.session.domain.visit import at_status
from services.session.lifecycles import is_visit
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.operation import Parameters
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


async def move_visit(parameters: Parameters, status: str, work: UnitOfWork) -> Resource:
    """The visit the operation was called on, in `status`; the lifecycle rule refuses what cannot be."""
    encounter = parameters.on
    assert encounter is not None, "an instance-level operation is called on an instance"
    if not is_visit(encounter.content):
        raise FhirError(422, [Issue("business-rule", "This Encounter is no visit that was booked here.")])
    return await work.put(at_status(encounter.content, status, work.now))
