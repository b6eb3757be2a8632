"""A finished visit fulfils its appointment."""

from __future__ import annotations

from services.scheduling.domain.visit import encounter_id
from services.scheduling.lifecycles import appointment as lifecycle
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionFinished
from telerehab.unit_of_work import UnitOfWork


@handler(SessionFinished)
async def fulfil_appointment(event: Event[SessionFinished], work: UnitOfWork) -> None:
    """An appointment that was cancelled or closed meanwhile stays so."""
    await move_appointment(event.message.appointment_id, event.message.encounter_id, "fulfilled", work)


async def move_appointment(id_: str, encounter: str, status: str, work: UnitOfWork) -> None:
    """Set the status of the appointment whose visit the Encounter is, if its lifecycle allows it."""
    booked = await work.read("Appointment", id_) if id_ else None
    if (
        booked is not None
        and lifecycle.ours(booked.content)
        and encounter_id(booked.content) == encounter
        and lifecycle.allows(booked.content["status"], status)
    ):
        await work.put({**booked.content, "status": status})
