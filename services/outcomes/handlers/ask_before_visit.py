"""A booked visit makes questionnaires due: those the patient has not answered lately."""

from __future__ import annotations

from datetime import UTC, timedelta

from services.outcomes.domain.answers import SUBMITTED
from services.outcomes.domain.due import due_before, last_answered, regions, task
from telerehab.event import Event, handler
from telerehab.fhir.when import utc
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from telerehab.unit_of_work import UnitOfWork

LOOKED_BACK = timedelta(days=365)
"""Older answers are neither fresh nor do they tell what the trouble is about now."""


@handler(AppointmentBooked)
async def ask_before_visit(event: Event[AppointmentBooked], work: UnitOfWork) -> None:
    """A Task for each; its id follows from the appointment, so that a booking heard twice asks once."""
    booked = event.message
    if not booked.patient_id:
        return
    visit = booked.start.ToDatetime(UTC)
    query = f"QuestionnaireResponse?subject=Patient/{booked.patient_id}&status={','.join(SUBMITTED)}"
    lately = await work.search(f"{query}&authored=ge{utc(visit - LOOKED_BACK)}")
    responses = [response.content for response in lately]
    about = f"Appointment/{booked.appointment_id}"
    wanted = due_before(visit, last_answered(responses), regions(responses)[-1:])
    for due in wanted:
        asked = task(
            due,
            about,
            booked.patient_id,
            work.now,
            basedOn=[{"reference": about}],
            encounter={"reference": f"Encounter/{booked.encounter_id}"},
        )
        if await work.current("Task", asked["id"]) is None:
            work.create(asked)
