"""A Schedule that states weekly availability gets its slots: new ones are made, obsolete free ones withdrawn."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.schedule import UnreadableAvailability, slots, weekly_availability
from telerehab.canonical import WEEKLY_AVAILABILITY, extensions
from telerehab.change import Change, Refuse, Verdict, Write, rule

WITHDRAWN = "entered-in-error"


@rule("Schedule", find={"slots": "Slot?schedule={self}&start=ge{now}"})
def weekly_availability_becomes_slots(change: Change) -> Iterator[Verdict]:
    """Slots that somebody took stay as they are; the past is left alone."""
    offered = change.after is not None and change.content.get("active", True)
    try:
        wanted = {made["id"]: made for made in slots(change.content, change.now)} if offered else {}
        stated = weekly_availability(change.content) is not None
    except UnreadableAvailability as problem:
        yield Refuse(str(problem), problem.expression)
        return
    if not stated and not _stated_before(change):
        return
    known = {found.id: found.content for found in change.found["slots"]}
    for id_, made in wanted.items():
        if id_ not in known or known[id_]["status"] == WITHDRAWN or _moved(known[id_], made):
            yield Write(made)
    for id_, content in known.items():
        if id_ not in wanted and content["status"] == "free":
            yield Write({**content, "status": WITHDRAWN})


def _moved(known: dict[str, object], made: dict[str, object]) -> bool:
    """Whether a free slot has another length now."""
    return known["status"] == "free" and known["end"] != made["end"]


def _stated_before(change: Change) -> bool:
    """Whether hours were stated until now; a schedule that never did has slots of somebody else's making."""
    return change.before is not None and bool(extensions(change.before.content, WEEKLY_AVAILABILITY))
