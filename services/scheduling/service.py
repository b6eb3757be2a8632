"""scheduling: who can meet whom, when and where; never two in one place."""

from __future__ import annotations

from pathlib import Path

from services.scheduling import lifecycles
from services.scheduling.handlers.fulfil_appointment import fulfil_appointment
from services.scheduling.handlers.note_arrival import note_arrival
from services.scheduling.operations.book import book
from services.scheduling.operations.find import find
from services.scheduling.operations.hold import hold
from services.scheduling.periodic.release_expired_holds import release_expired_holds
from services.scheduling.periodic.roll_slots_forward import roll_slots_forward
from services.scheduling.projections.acting_practitioner import acting_practitioner
from services.scheduling.projections.booked_time import booked_time
from services.scheduling.projections.hold import hold as held_until
from services.scheduling.projections.shared_place import shared_place
from services.scheduling.projections.visit_encounter import visit_encounter
from services.scheduling.rules.booked_visit_has_a_real_time_and_people import (
    booked_visit_has_a_real_time_and_people,
)
from services.scheduling.rules.booking_is_announced import booking_is_announced
from services.scheduling.rules.booking_takes_its_slots import booking_takes_its_slots
from services.scheduling.rules.only_a_visit_held_fulfils import only_a_visit_held_fulfils
from services.scheduling.rules.role_is_its_practitioner import role_is_its_practitioner
from services.scheduling.rules.visit_keeps_its_encounter import visit_keeps_its_encounter
from services.scheduling.rules.weekly_availability_becomes_slots import weekly_availability_becomes_slots
from telerehab.service import Service

service = Service(
    "scheduling",
    lifecycles=[lifecycles.appointment],
    rules=[
        booked_visit_has_a_real_time_and_people,
        visit_keeps_its_encounter,
        only_a_visit_held_fulfils,
        booking_takes_its_slots,
        role_is_its_practitioner,
        booking_is_announced,
        weekly_availability_becomes_slots,
    ],
    projections=[acting_practitioner, booked_time, shared_place, visit_encounter, held_until],
    operations=[find, hold, book],
    handlers=[note_arrival, fulfil_appointment],
    periodic=[release_expired_holds, roll_slots_forward],
    migrations=Path(__file__).parent / "migrations",
)
