"""A Schedule that states weekly availability gets its slots: new ones are made, obsolete free ones withdrawn."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.domain.schedule import UnreadableAvailability, horizon, slot, weekly_availability
from telerehab.change import Change, Refuse, Verdict, Write, rule
from telerehab.fhir.when import moment

WITHDRAWN = "entered-in-error"


@rule("Schedule", find={"slots": "Slot?schedule={self}"})
def weekly_availability_becomes_slots(change: Change) -> Iterator[Verdict]:
    """Slots that somebody took stay as they are; the past is left alone."""
    schedule = change.content
    try:
        availability = weekly_availability(schedule)
    except UnreadableAvailability as problem:
        yield Refuse(str(problem), problem.expression)
        return
    if availability is None:
        return
    within = horizon(schedule, change.now) if change.after and schedule.get("active", True) else None
    wanted = (
        {made["id"]: made for made in (slot(schedule, time) for time in availability.times(within))}
        if within
        else {}
    )
    known = {found.id: found.content for found in change.found["slots"]}
    for id_, made in wanted.items():
        if id_ not in known or known[id_]["status"] == WITHDRAWN or _moved(known[id_], made):
            yield Write(made)
    for id_, content in known.items():
        start = moment(content.get("start"))
        if id_ not in wanted and content["status"] == "free" and start is not None and start > change.now:
            yield Write({**content, "status": WITHDRAWN})


def _moved(known: dict[str, object], made: dict[str, object]) -> bool:
    """Whether a free slot has another length now."""
    return known["status"] == "free" and known["end"] != made["end"]
