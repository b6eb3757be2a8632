"""The lifecycles of a visit (the Encounter that follows from an appointment booked here) and of what is told.

https://hl7.org/fhir/R4/valueset-encounter-status.html
https://hl7.org/fhir/R4/valueset-event-status.html
"""

from __future__ import annotations

from telerehab.canonical import (
    ALERT_MESSAGE,
    ALERT_REMINDER,
    HEARD_PAIN,
    HEARD_SCREENING,
    PROGRAMME_MESSAGE,
    VISIT,
    has_profile,
)
from telerehab.fhir.json import JsonObject
from telerehab.lifecycle import NOT_THERE, Lifecycle

STARTED = ("in-progress", "onleave", "finished")


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

alert_message = Lifecycle(
    "Communication",
    ours=lambda communication: has_profile(communication, ALERT_MESSAGE),
    transitions={
        NOT_THERE: frozenset({"in-progress"}),
        "in-progress": frozenset({"completed", "entered-in-error"}),
        "completed": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset(),
    },
)
"""In progress until a named human has acknowledged the alert."""

alert_reminder = Lifecycle(
    "Communication",
    ours=lambda communication: has_profile(communication, ALERT_REMINDER),
    transitions={
        NOT_THERE: frozenset({"completed"}),
        "completed": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset(),
    },
)

heard_screening = Lifecycle(
    "Communication",
    ours=lambda communication: has_profile(communication, HEARD_SCREENING),
    transitions={
        NOT_THERE: frozenset({"completed", "entered-in-error"}),
        "completed": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset({"completed"}),
    },
)
"""In error while the answers are taken back; it follows them whatever they do."""

heard_pain = Lifecycle(
    "Communication",
    ours=lambda communication: has_profile(communication, HEARD_PAIN),
    transitions=heard_screening.transitions,
)
"""As of a screening."""

programme_message = Lifecycle(
    "Communication",
    ours=lambda communication: has_profile(communication, PROGRAMME_MESSAGE),
    transitions={
        NOT_THERE: frozenset({"in-progress"}),
        "in-progress": frozenset({"completed", "stopped", "entered-in-error"}),
        "stopped": frozenset({"completed", "entered-in-error"}),
        "completed": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset(),
    },
)
"""Completed when the patient has seen it, stopped when newer news overtook it."""
