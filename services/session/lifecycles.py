"""The lifecycle of a visit: the Encounter that follows from an appointment booked here.

https://hl7.org/fhir/R4/valueset-encounter-status.html
"""

from __future__ import annotations

from telerehab.canonical import VISIT, has_profile
from telerehab.fhir.json import JsonObject
from telerehab.lifecycle import NOT_THERE, Lifecycle


def is_visit(encounter: JsonObject) -> bool:
    """Whether the Encounter is a visit that was booked here; others are records of the hospital's."""
    return has_profile(encounter, VISIT)


visit = Lifecycle(
    "Encounter",
    ours=is_visit,
    transitions={
        NOT_THERE: frozenset({"planned"}),
        "planned": frozenset({"arrived", "cancelled", "entered-in-error"}),
        "arrived": frozenset({"in-progress", "planned", "cancelled", "entered-in-error"}),
        "in-progress": frozenset({"onleave", "finished", "entered-in-error"}),
        "onleave": frozenset({"in-progress", "finished", "entered-in-error"}),
        "finished": frozenset({"entered-in-error"}),
        "cancelled": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset(),
    },
)
