"""A visit that has started has a start, one that is finished an end, and the end is not before the start."""

from __future__ import annotations

from collections.abc import Iterator

from services.session.lifecycles import STARTED, is_visit
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.fhir.when import moment


@rule("Encounter")
def visit_that_runs_has_its_times(change: Change) -> Iterator[Verdict]:
    """Encounter.period belongs to what really took place; planned times are extensions."""
    if change.after is None or not is_visit(change.content):
        return
    status, period = change.content["status"], change.content.get("period", {})
    start, end = moment(period.get("start")), moment(period.get("end"))
    if status in STARTED and start is None:
        yield Refuse(
            "A visit that has started needs period.start, with time and zone.", "Encounter.period.start"
        )
    if status == "finished" and end is None:
        yield Refuse("A finished visit needs period.end, with time and zone.", "Encounter.period.end")
    if start and end and end < start:
        yield Refuse("A visit cannot end before it starts.", "Encounter.period.end")
