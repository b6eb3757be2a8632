"""Questionnaires follow their visit to another time."""

from __future__ import annotations

from datetime import UTC

from services.outcomes.domain.due import OPEN, is_due_questionnaire, moved
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentRescheduled
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentRescheduled)
async def move_questionnaires(event: Event[AppointmentRescheduled], work: UnitOfWork) -> None:
    """Those that are answered stay answered."""
    visit = event.message.start.ToDatetime(UTC)
    query = f"Task?based-on=Appointment/{event.message.appointment_id}&status={','.join(OPEN)}"
    for task in await work.search(query):
        if is_due_questionnaire(task.content):
            await work.put(moved(task.content, visit))
