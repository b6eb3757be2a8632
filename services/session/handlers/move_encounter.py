"""A visit follows its appointment to another time, place or practitioner."""

from __future__ import annotations

from datetime import UTC

from services.session.domain.visit import moved_visit
from services.session.handlers.its_visit import its_visit
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentRescheduled
from telerehab.unit_of_work import UnitOfWork


@handler(AppointmentRescheduled)
async def move_encounter(event: Event[AppointmentRescheduled], work: UnitOfWork) -> None:
    """A visit that has begun or ended keeps what took place."""
    moved = event.message
    encounter = await its_visit(moved.encounter_id, moved.appointment_id, work)
    if encounter is not None and encounter.content["status"] in ("planned", "arrived"):
        await work.put(
            moved_visit(
                encounter.content,
                practitioner_ids=moved.practitioner_ids,
                location_id=moved.location_id,
                start=moved.start.ToDatetime(UTC),
                end=moved.end.ToDatetime(UTC),
            )
        )
