"""Which appointments take whose time.

Blocking: pending, booked, arrived and checked-in appointments, for every participant who has not declined.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.scheduling.domain.availability import Interval
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.references import named, references_at

BLOCKING = frozenset({"pending", "booked", "arrived", "checked-in"})
STANDING = frozenset({"booked", "arrived", "checked-in"})
"""Statuses of a visit that is to take place or is taking place."""
EXCLUSIVE = ("Patient", "Practitioner", "PractitionerRole", "Location", "Device", "RelatedPerson")
"""Types of actors that can be in one place only; a HealthcareService can take part in many."""


def blocks(appointment: JsonObject) -> bool:
    """Whether the appointment takes time at all."""
    return appointment.get("status") in BLOCKING and booked_interval(appointment) is not None


def booked_interval(appointment: JsonObject) -> Interval | None:
    """From start to end, or start and minutesDuration; None where either is lacking or nothing lies between."""
    start, end = moment(appointment.get("start")), moment(appointment.get("end"))
    minutes = appointment.get("minutesDuration")
    if start is not None and end is None and isinstance(minutes, int):
        try:
            end = start + timedelta(minutes=minutes)
        except OverflowError:  # beyond the calendar
            return None
    return Interval(start, end) if start is not None and end is not None and start < end else None


def exclusive_actors(appointment: JsonObject) -> Iterator[str]:
    """References of those whose time is taken, each once."""
    seen: set[str] = set()
    for participant in appointment.get("participant", ()):
        reference = named(participant.get("actor", {}).get("reference"))
        if participant.get("status") == "declined" or reference in seen:
            continue
        if reference.partition("/")[0] in EXCLUSIVE and reference.count("/") == 1:
            seen.add(reference)
            yield reference


def participants(appointment: JsonObject, type_: str) -> list[str]:
    """Ids of the participants of one type who have not declined, in order."""
    return [
        reference.partition("/")[2]
        for reference in exclusive_actors(appointment)
        if reference.startswith(f"{type_}/")
    ]


def taken_slots(appointment: JsonObject) -> list[str]:
    """References of the slots that a blocking appointment takes; none if it does not block."""
    return references_at(appointment, "slot") if appointment.get("status") in BLOCKING else []
