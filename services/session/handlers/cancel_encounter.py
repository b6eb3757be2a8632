"""A visit whose appointment was cancelled does not take place."""

from __future__ import annotations

from services.session.handlers.its_visit import its_visit
from services.session.lifecycles import visit
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentCancelled
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentCancelled)
async def cancel_encounter(event: Event[AppointmentCancelled], work: UnitOfWork) -> None:
    """A visit that has begun is not undone by a late cancellation."""
    await cancel(event.message.encounter_id, event.message.appointment_id, work)


async def cancel(encounter_id: str, appointment_id: str, work: UnitOfWork) -> None:
    """Cancel the appointment's visit if its lifecycle still allows that."""
    encounter = await its_visit(encounter_id, appointment_id, work)
    if encounter is not None and visit.allows(encounter.content["status"], "cancelled"):
        await work.put({**encounter.content, "status": "cancelled"})
