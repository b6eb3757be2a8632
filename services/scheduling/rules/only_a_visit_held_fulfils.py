"""An appointment booked here is fulfilled when its visit is finished: that is heard of, and no client says it."""

from __future__ import annotations

from collections.abc import Iterator

from services.scheduling.lifecycles import booked_here
from telerehab.change import Change, Refuse, Verdict, rule


@rule("Appointment")
def only_a_visit_held_fulfils(change: Change) -> Iterator[Verdict]:
    """Else it would count as attended although nobody met. A hospital's own appointments are its own to close."""
    if not change.heard and change.became("status") == "fulfilled" and booked_here(change.content):
        yield Refuse(
            "A visit booked here is fulfilled by its Encounter: finish that by $finish.", "Appointment.status"
        )
