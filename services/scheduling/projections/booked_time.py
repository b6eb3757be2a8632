"""Whose time each appointment takes, with the constraint that nobody is booked twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.scheduling.domain.availability import Interval
from services.scheduling.domain.blocking import blocks, booked_interval, exclusive_actors, taken_slots
from telerehab.change import Refuse
from telerehab.projection import Row, projection
from telerehab.resource import Resource

if TYPE_CHECKING:
    from telerehab.engine import Engine

TAKEN = Refuse(
    "A participant of this appointment already has another one at that time.",
    "Appointment.participant",
    code="conflict",
    status=409,
)


@projection(
    "Appointment",
    table="booked_time",
    violations={"booked_time_no_overlap": TAKEN},
    active="upper(new.during) > clock_timestamp()"
    " AND (NOT EXISTS (SELECT 1 FROM shared_place WHERE shared_place.actor = new.actor)"
    " OR EXISTS (SELECT 1 FROM booked_time AS alone"
    " WHERE alone.actor = new.actor AND alone.during && new.during))",
)
def booked_time(appointment: Resource) -> Iterator[Row]:
    """A row for everyone whose time is taken and every slot; times that have ended are left out at the commit.

    So is a place that has become shared, but for a time at which somebody has it alone from before.
    """
    interval = booked_interval(appointment.content)
    if interval is None or not blocks(appointment.content):
        return
    during = f"[{interval.start.isoformat()},{interval.end.isoformat()})"
    for actor in dict.fromkeys([*exclusive_actors(appointment.content), *taken_slots(appointment.content)]):
        yield {"actor": actor, "during": during}


async def busy(engine: Engine, actors: Sequence[str], within: Interval) -> dict[str, list[Interval]]:
    """When each of `actors` is already booked `within` an interval, under whatever name, by actor."""
    rows = await engine.store.fetch(
        "SELECT asked.actor, lower(during) AS start, upper(during) AS end"
        " FROM unnest($1::text[]) AS asked (actor) CROSS JOIN LATERAL names_of(asked.actor) AS name"
        " JOIN booked_time ON booked_time.actor = name WHERE during && tstzrange($2, $3)",
        list(actors),
        within.start,
        within.end,
    )
    taken: dict[str, list[Interval]] = {}
    for row in rows:
        taken.setdefault(row["actor"], []).append(Interval(_aware(row["start"]), _aware(row["end"])))
    return taken


def _aware(value: datetime) -> datetime:
    assert value.tzinfo is not None
    return value
