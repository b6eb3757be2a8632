"""An appointment takes the slots it names, and gives them back when it no longer blocks their time."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.blocking import booked_interval, taken_slots
from services.scheduling.lifecycles import booked_here
from services.scheduling.projections.booked_time import TAKEN
from telerehab.change import Change, Refuse, Verdict, Write, rule
from telerehab.fhir.json import JsonObject
from telerehab.references import named


@rule("Appointment", find={"slots": "Appointment.slot"})
def booking_takes_its_slots(change: Change) -> Iterator[Verdict]:
    """A hold makes its slot busy-tentative, a booking busy. Booking here asks for a free one; what an EHR sends may
    name slots that it marked itself, and two appointments in one slot are kept apart by booked_time."""
    wanted = set(taken_slots(change.after.content)) if change.after else set()
    held = set(taken_slots(change.before.content)) if change.before else set()
    if booked_here(change.content):
        yield from _unknown(change, wanted - held)
    for slot in change.found["slots"]:
        status = slot.content["status"]
        if slot.reference in wanted and _covers(slot.content, change.content):
            if slot.reference not in held and status != "free" and booked_here(change.content):
                yield Refuse("That time is already taken.", "Appointment.slot", TAKEN.code, TAKEN.status)
            elif status in ("free", "busy-tentative") and status != _taken_status(change):
                yield Write({**slot.content, "status": _taken_status(change)})
        elif slot.reference in held and status in ("busy", "busy-tentative"):
            yield Write({**slot.content, "status": "free"})


def _unknown(change: Change, asked: set[str]) -> Iterator[Refuse]:
    """What is booked here is in slots that exist; those of another server are its own."""
    missing = asked - {slot.reference for slot in change.found["slots"]}
    for number, one in enumerate(change.content.get("slot", ())):
        slot = named(one.get("reference"))
        if slot in missing and slot.startswith("Slot/"):
            yield Refuse(f"{slot} is not known here.", f"Appointment.slot[{number}]", "not-found")


def _covers(slot: JsonObject, appointment: JsonObject) -> bool:
    """Whether the appointment, where it has a time, has some of it in the slot: one that moved away leaves it."""
    interval, offered = booked_interval(appointment), booked_interval(slot)
    return interval is None or offered is None or interval.overlaps(offered)


def _taken_status(change: Change) -> str:
    return "busy-tentative" if change.content["status"] == "pending" else "busy"
