"""A visit booked here names the Encounter it becomes, and never another one; a held time says until when."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.blocking import STANDING
from services.scheduling.domain.visit import encounter_id, hold_expires
from services.scheduling.lifecycles import booked_here
from telerehab.canonical import HOLD_EXPIRES, VISIT_ENCOUNTER
from telerehab.change import Change, Refuse, Verdict, rule


@rule("Appointment")
def visit_keeps_its_encounter(change: Change) -> Iterator[Verdict]:
    """What `$book` gave stays: session knows the visit by it."""
    if change.after is None or not booked_here(change.content):
        return
    encounter = encounter_id(change.content)
    before = encounter_id(change.before.content) if change.before else ""
    where = f"Appointment.extension('{VISIT_ENCOUNTER}')"
    if before and encounter != before:
        yield Refuse(f"A visit keeps its Encounter: send the extension with Encounter/{before}.", where)
    elif not encounter and change.content["status"] in STANDING:
        yield Refuse("A visit names the Encounter it becomes; book it by $book.", where, "required")
    if change.content["status"] == "pending" and hold_expires(change.content) is None:
        yield Refuse(
            "A held time says until when, as an instant.",
            f"Appointment.extension('{HOLD_EXPIRES}')",
            "required",
        )
