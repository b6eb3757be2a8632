"""The visit that an event of scheduling is about."""

from __future__ import annotations

from services.session.domain.visit import appointment_id as appointment_of
from services.session.lifecycles import is_visit
from telerehab.event import Lacking
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


async def its_visit(encounter_id: str, appointment_id: str, work: UnitOfWork) -> Resource | None:
    """The Encounter of an appointment; None if it was deleted or is not that appointment's visit.

    Raises Lacking if it was never there: the booking's event will bring it.
    """
    current = await work.current("Encounter", encounter_id)
    if current is None:
        raise Lacking(f"Encounter/{encounter_id}")
    encounter = await work.read("Encounter", encounter_id)
    if encounter is None or not is_visit(encounter.content):
        return None
    return encounter if appointment_of(encounter.content) == appointment_id else None
