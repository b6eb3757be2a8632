"""Which Encounter each visit names: none belongs to two visits, whatever a client sends."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.visit import encounter_id
from services.scheduling.lifecycles import booked_here
from telerehab.change import Refuse
from telerehab.projection import Row, projection
from telerehab.resource import Resource

OTHERS = Refuse(
    "The Encounter named belongs to another visit.", "Appointment.extension", code="conflict", status=409
)


@projection("Appointment", table="visit_encounter", violations={"visit_encounter_once": OTHERS})
def visit_encounter(appointment: Resource) -> Iterator[Row]:
    """A row for an appointment booked here, whatever has become of it."""
    encounter = encounter_id(appointment.content)
    if encounter and booked_here(appointment.content):
        yield {"encounter": encounter}
