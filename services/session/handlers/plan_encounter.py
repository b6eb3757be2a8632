"""A booked appointment gets its visit: a planned Encounter with the link to join it."""

from __future__ import annotations

from datetime import UTC

from services.session.domain.visit import planned_visit
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentBooked)
async def plan_encounter(event: Event[AppointmentBooked], work: UnitOfWork) -> None:
    """The booking has chosen the Encounter's id, so that it could be told at once."""
    booked = event.message
    if await work.current("Encounter", booked.encounter_id) is not None:
        return
    work.create(
        planned_visit(
            booked.encounter_id,
            booked.appointment_id,
            booked.patient_id,
            practitioner_ids=booked.practitioner_ids,
            location_id=booked.location_id,
            service_request_ids=booked.service_request_ids,
            join_link=f"{work.engine.settings.join}/{booked.join_token}" if booked.join_token else "",
            start=booked.start.ToDatetime(UTC),
            end=booked.end.ToDatetime(UTC),
        )
    )
