"""A visit to which the patient did not come does not take place."""

from __future__ import annotations

from services.session.handlers.cancel_encounter import cancel
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentNoShow
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentNoShow)
async def close_missed_encounter(event: Event[AppointmentNoShow], work: UnitOfWork) -> None:
    """R4 has no status for it: the Encounter is cancelled, the Appointment says noshow."""
    await cancel(event.message.encounter_id, event.message.appointment_id, work)
