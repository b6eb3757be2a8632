"""A visit that the patient missed needs its questionnaires no more: the next one asks again."""

from __future__ import annotations

from services.outcomes.handlers.cancel_questionnaires import cancel
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentNoShow
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentNoShow)
async def close_missed_questionnaires(event: Event[AppointmentNoShow], work: UnitOfWork) -> None:
    """As after a cancellation."""
    await cancel(event.message.appointment_id, "The patient did not come to the visit.", work)
