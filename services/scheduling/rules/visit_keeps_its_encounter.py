"""What `$hold` and `$book` gave a visit stays: its Encounter, its patient, its link; and only they make a visit."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.blocking import STANDING, participants
from services.scheduling.domain.visit import encounter_id, hold_expires
from services.scheduling.lifecycles import booked_here
from telerehab.canonical import APPOINTMENT_VIRTUAL_SERVICE, HOLD_EXPIRES, VISIT_ENCOUNTER, extensions
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.fhir.json import JsonObject


@rule("Appointment")
def visit_keeps_its_encounter(change: Change) -> Iterator[Verdict]:
    """Session knows the visit by its Encounter; another patient's visit is another booking."""
    if change.after is None or not booked_here(change.after.content):
        return
    before = change.before.content if change.before and booked_here(change.before.content) else None
    if before is None:
        if not change.operated:
            yield Refuse("A visit is made by $hold or $book.", "Appointment.meta.profile")
    else:
        yield from _kept(before, change.after.content)
    if not encounter_id(change.content) and change.content["status"] in STANDING:
        yield Refuse(
            "A visit names the Encounter it becomes; book it by $book.", _at(VISIT_ENCOUNTER), "required"
        )
    if change.content["status"] == "pending" and hold_expires(change.content) is None:
        yield Refuse("A held time says until when, as an instant.", _at(HOLD_EXPIRES), "required")
    if len(participants(change.content, "Patient")) > 1:
        yield Refuse("A visit is one patient's.", "Appointment.participant")


def _kept(before: JsonObject, after: JsonObject) -> Iterator[Verdict]:
    encounter = encounter_id(before)
    if encounter and encounter_id(after) != encounter:
        yield Refuse(
            f"A visit keeps its Encounter: send the extension with Encounter/{encounter}.",
            _at(VISIT_ENCOUNTER),
        )
    links = extensions(before, APPOINTMENT_VIRTUAL_SERVICE)
    if links and extensions(after, APPOINTMENT_VIRTUAL_SERVICE) != links:
        yield Refuse(
            "A visit keeps the link to join it: send its extension along.", _at(APPOINTMENT_VIRTUAL_SERVICE)
        )
    patients = participants(before, "Patient")
    if patients and participants(after, "Patient") != patients:
        yield Refuse("A visit keeps its patient; cancel it and book another.", "Appointment.participant")


def _at(url: str) -> str:
    return f"Appointment.extension('{url}')"
