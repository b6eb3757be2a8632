"""A visit whose appointment was cancelled does not take place."""

from __future__ import annotations

from services.session.lifecycles import visit
from telerehab.event import Event, Lacking, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentCancelled
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentCancelled)
async def cancel_encounter(event: Event[AppointmentCancelled], work: UnitOfWork) -> None:
    """A visit that has begun is not undone by a late cancellation."""
    await cancel(event.message.encounter_id, work)


async def cancel(encounter_id: str, work: UnitOfWork) -> None:
    """Cancel the visit if its lifecycle still allows that."""
    encounter = await work.read("Encounter", encounter_id)
    if encounter is None:
        raise Lacking(f"Encounter/{encounter_id}")
    if encounter.content["status"] != "cancelled" and visit.allows(encounter.content["status"], "cancelled"):
        await work.put({**encounter.content, "status": "cancelled"})
