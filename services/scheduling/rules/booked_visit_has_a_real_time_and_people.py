"""A visit booked here lies in one stretch of time and is between a patient and a practitioner who exist."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.blocking import blocks, booked_interval, exclusive_actors, participants
from services.scheduling.lifecycles import booked_here
from telerehab.change import Change, Refuse, Verdict, rule

PEOPLE = ("Patient", "Practitioner")


def is_made_or_moved(change: Change) -> bool:
    """Nobody else is asked for a visit that merely arrives, ends or is closed."""
    return booked_here(change.content) and any(map(change.became, ("start", "end", "participant")))


@rule("Appointment", find={"people": "Appointment.participant.actor"}, when=is_made_or_moved)
def booked_visit_has_a_real_time_and_people(change: Change) -> Iterator[Verdict]:
    """Checked when it is made or its time or people change."""
    if booked_interval(change.content) is None:
        yield Refuse("A visit needs a start and a later end.", "Appointment.start", "required")
    known = {person.reference for person in change.found["people"]}
    for type_ in PEOPLE:
        if (
            not participants(change.content, type_)
            and change.content["status"] != "pending"
            and blocks(change.content)
        ):
            yield Refuse(
                f"A visit needs a {type_} among its participants.", "Appointment.participant", "required"
            )
    for number, reference in enumerate(exclusive_actors(change.content)):
        if reference not in known:
            where = f"Appointment.participant[{number}].actor"
            yield Refuse(f"{reference} is not known here.", where, "not-found")
