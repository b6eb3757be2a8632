"""A visit booked here lies in one stretch of time and is between a patient and a practitioner who exist."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.blocking import (
    BLOCKING,
    STANDING,
    booked_interval,
    exclusive_actors,
    participants,
)
from services.scheduling.lifecycles import booked_here
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.references import named

PEOPLE = ("Patient", "Practitioner")


def is_made_or_moved(change: Change) -> bool:
    """Nobody else is asked for a visit that merely arrives, ends or is closed."""
    if change.after is None or not booked_here(change.content):
        return False
    before = change.before.content if change.before else {}
    moved = any(before.get(name) != change.content.get(name) for name in ("start", "end", "participant"))
    return change.content["status"] in BLOCKING and (moved or change.became("status") == "booked")


@rule("Appointment", find={"people": "Appointment.participant.actor"}, when=is_made_or_moved)
def booked_visit_has_a_real_time_and_people(change: Change) -> Iterator[Verdict]:
    """Checked when it is made or its time or people change."""
    interval = booked_interval(change.content)
    if interval is None:
        yield Refuse("A visit needs a start and a later end.", "Appointment.start", "required")
    elif interval.start < change.now and change.became("start"):
        yield Refuse("A visit cannot begin in the past.", "Appointment.start")
    for type_ in PEOPLE:
        if not participants(change.content, type_) and change.content["status"] in STANDING:
            yield Refuse(
                f"A visit needs a {type_} among its participants.", "Appointment.participant", "required"
            )
    known = {person.reference for person in change.found["people"]}
    taking_part = set(exclusive_actors(change.content))
    for number, participant in enumerate(change.content.get("participant", ())):
        reference = named(participant.get("actor", {}).get("reference"))
        if reference in taking_part and reference not in known:
            where = f"Appointment.participant[{number}].actor"
            yield Refuse(f"{reference} is not known here.", where, "not-found")
