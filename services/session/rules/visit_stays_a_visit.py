"""A visit that was booked here stays one, and stays its patient's: no update takes it out of its rules."""

from __future__ import annotations

from collections.abc import Iterator

from services.session.domain.visit import appointment_id, patient_id
from services.session.lifecycles import is_visit
from telerehab.canonical import VISIT
from telerehab.change import Change, Refuse, Verdict, rule


@rule("Encounter")
def visit_stays_a_visit(change: Change) -> Iterator[Verdict]:
    """A deletion is another matter: it is seen as one. Only a booking makes a visit."""
    if change.after is None:
        return
    if change.before is None or not is_visit(change.before.content):
        if is_visit(change.after.content) and not change.heard:
            yield Refuse("A visit follows from a booking: use Appointment/$book.", "Encounter.meta.profile")
        return
    if appointment_id(change.after.content) != appointment_id(change.before.content):
        yield Refuse("A visit keeps its appointment.", "Encounter.appointment")
    if not is_visit(change.after.content):
        yield Refuse(
            f"This Encounter was booked here and keeps the profile {VISIT}.", "Encounter.meta.profile"
        )
    if patient_id(change.after.content) != patient_id(change.before.content):
        yield Refuse("A visit keeps its patient; cancel it and book another.", "Encounter.subject")
