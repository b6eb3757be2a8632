"""A visit that does not take place needs no questionnaires."""

from __future__ import annotations

from services.outcomes.domain.due import OPEN, cancelled, is_due_questionnaire
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentCancelled
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentCancelled)
async def cancel_questionnaires(event: Event[AppointmentCancelled], work: UnitOfWork) -> None:
    """What was answered stays; what is open is cancelled."""
    await cancel(event.message.appointment_id, "The visit was cancelled.", work)


async def cancel(appointment_id: str, reason: str, work: UnitOfWork) -> None:
    """Cancel what is open for an appointment."""
    query = f"Task?based-on=Appointment/{appointment_id}&status={','.join(OPEN)}"
    for task in await work.search(query):
        if is_due_questionnaire(task.content):
            await work.put(cancelled(task.content, reason, work.now))
