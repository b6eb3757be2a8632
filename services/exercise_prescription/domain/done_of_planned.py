"""How much of a prescription was done in some days of its programme: its planned bouts, and what was logged of them.

A bout is planned for each time a day on each day it is due, from the programme's first day to its last, but for days
on which it was on hold; today is planned once it has a log. Logs of other days are not of the plan. Several logs of
one day are its bouts, no more than are planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from clinical.logs import Log
from services.exercise_prescription.domain.prescribed import prescribed
from services.exercise_prescription.domain.progression import distinct
from services.exercise_prescription.domain.schedule import planned_days
from services.exercise_prescription.domain.situation import Days, Known, situation_of
from telerehab.fhir.when import moment
from telerehab.resource import Resource

ALL = Decimal(100)


@dataclass(frozen=True, slots=True)
class Done:
    """`planned` bouts, the completion in percent of each that was `logged`, the days of both (1 is the first)."""

    planned: int
    logged: tuple[Decimal, ...]
    days_planned: frozenset[int]
    days_active: frozenset[int]


def done_of_planned(known: Known, first: date, last: date) -> Done:
    """From the calendar day `first` to `last`, both included, where the patient is; raises as `situation_of`."""
    situation, days = situation_of(known), Days.of(known.care_plan)
    what = prescribed(known.versions[-1].content)
    logs = distinct(situation.logs)
    logged_days = {log.day for log in logs}
    today, held, ends = days.day(known.now), _Held.of(known.versions, days), _end(known, days)
    planned = [
        day
        for day in planned_days(what.schedule, days.first, min((last - days.first).days + 1, today))
        if (first - days.first).days + 1 <= day < ends
        and not held.on(day)
        and (day < today or (day == today and day in logged_days))
    ]
    bouts = {day: _bouts([log for log in logs if log.day == day], what.schedule.per_day) for day in planned}
    return Done(
        len(planned) * what.schedule.per_day,
        tuple(share for day in planned for share in bouts[day]),
        frozenset(planned),
        frozenset(day for day in planned if any(bouts[day])),
    )


def calendar_day(known: Known) -> date:
    """Today, where the patient is; raises NoStart."""
    days = Days.of(known.care_plan)
    return days.first + timedelta(days=days.day(known.now) - 1)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a prescription was on each day: its first status since ever, and each later one with its day."""

    changes: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, versions: Sequence[Resource], days: Days) -> _Held:
        since = [(days.day(one.last_updated), one.content["status"]) for one in versions if one.last_updated]
        return cls(tuple((day if place else -(10**6), status) for place, (day, status) in enumerate(since)))

    def on(self, day: int) -> bool:
        """Whether it was not to be done that day: on hold for a part of it, or never active."""
        before = [status for since, status in self.changes if since < day]
        statuses = {*before[-1:], *(status for since, status in self.changes if since == day)}
        return "active" not in statuses or "on-hold" in statuses


def _end(known: Known, days: Days) -> int:
    """The first day that is no longer of the programme."""
    end = moment(known.care_plan.get("period", {}).get("end"))
    return days.day(end) if end else 10**6


def _bouts(logs: Sequence[Log], per_day: int) -> list[Decimal]:
    """A share for each bout of a day that was logged: parts of one bout add up, none counts more than all of it."""
    if not logs:
        return []
    count = min(per_day, len(logs))
    total = sum((min(ALL, log.done or Decimal(0)) for log in logs), Decimal(0))
    return [min(ALL, total / count)] * count
