"""The lifecycle of an appointment booked here.

https://hl7.org/fhir/R4/appointment.html#statuses
"""

from __future__ import annotations

from telerehab.canonical import BOOKED_VISIT, has_profile
from telerehab.fhir.json import JsonObject
from telerehab.lifecycle import NOT_THERE, Lifecycle


def booked_here(appointment: JsonObject) -> bool:
    """Whether `$hold` or `$book` made this appointment."""
    return has_profile(appointment, BOOKED_VISIT)


appointment = Lifecycle(
    "Appointment",
    ours=booked_here,
    transitions={
        NOT_THERE: frozenset({"pending", "booked"}),
        "pending": frozenset({"booked", "cancelled", "entered-in-error"}),
        "booked": frozenset(
            {"arrived", "checked-in", "fulfilled", "cancelled", "noshow", "entered-in-error"}
        ),
        "arrived": frozenset({"checked-in", "fulfilled", "cancelled", "noshow", "entered-in-error"}),
        "checked-in": frozenset({"fulfilled", "cancelled", "entered-in-error"}),
        "fulfilled": frozenset({"entered-in-error"}),
        "cancelled": frozenset({"entered-in-error"}),
        "noshow": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset(),
    },
)
