"""Whose role takes part in an appointment is noted with it, for the constraint that nobody is booked twice."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.blocking import blocks, booked_interval, exclusive_actors
from telerehab.change import Change, Keep, Verdict, rule
from telerehab.references import references_at


def takes_time_of_a_role(change: Change) -> bool:
    """Records is asked by whoever books or moves; what follows from events builds on what was noted then."""
    if change.after is None or change.heard or not blocks(change.content):
        return False
    interval = booked_interval(change.content)
    to_come = interval is not None and interval.end > change.now
    return to_come and any(one.startswith("PractitionerRole/") for one in exclusive_actors(change.content))


@rule(
    "Appointment", find={"roles": "Appointment.participant.actor:PractitionerRole"}, when=takes_time_of_a_role
)
def role_is_its_practitioner(change: Change) -> Iterator[Verdict]:
    """A role that is not known here, or is nobody's, is booked as what it is."""
    for role in change.found["roles"]:
        people = references_at(role.content, "practitioner")
        yield Keep("acting_practitioner", role.id, [{"practitioner": person} for person in people])
