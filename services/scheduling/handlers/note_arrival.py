"""A patient who has checked in for a visit has arrived for its appointment."""

from __future__ import annotations

from services.scheduling.handlers.fulfil_appointment import move_appointment
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionCheckedIn
from telerehab.unit_of_work import UnitOfWork


@handler(SessionCheckedIn)
async def note_arrival(event: Event[SessionCheckedIn], work: UnitOfWork) -> None:
    """The appointment becomes checked-in, unless it has gone further already."""
    await move_appointment(event.message.appointment_id, event.message.encounter_id, "checked-in", work)
