"""How often an exercise is due: times a day and days a week, as a FHIR Timing and as days of the programme.

https://hl7.org/fhir/R4/datatypes.html#timing
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from telerehab.fhir.json import JsonObject

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_IN = {"d": 1, "wk": 7, "mo": 30}
_SPREAD = {1: (0,), 2: (0, 3), 3: (0, 2, 4), 4: (0, 2, 4, 6), 5: (0, 1, 2, 3, 4), 6: (0, 1, 2, 3, 4, 5)}
"""Days of a week counted from the first, so that as much rest as possible lies between them."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`per_day` times on each of `days` ("mon" … "sun"; empty: on every day)."""

    per_day: int
    days: tuple[str, ...] = ()

    @property
    def days_per_week(self) -> int:
        return len(self.days) or 7

    @property
    def frequency(self) -> int:
        """Times it is done in one period."""
        return self.per_day * len(self.days) if self.days else self.per_day

    @property
    def period_days(self) -> int:
        return 7 if self.days else 1


class UnreadableTiming(ValueError):
    """A Timing that does not say how many times on which days."""


def scheduled(per_day: int, days_per_week: int, start: date) -> Schedule:
    """So many days a week, the first on the weekday of `start`, with rest between them."""
    if days_per_week >= len(WEEK):
        return Schedule(per_day)
    chosen = {(start.weekday() + offset) % 7 for offset in _SPREAD[days_per_week]}
    return Schedule(per_day, tuple(WEEK[day] for day in sorted(chosen)))


def repeat_of(schedule: Schedule) -> JsonObject:
    """Timing.repeat: frequency counts all times in a period, dayOfWeek says on which days they are."""
    repeat: JsonObject = {
        "frequency": schedule.frequency,
        "period": 1,
        "periodUnit": "wk" if schedule.days else "d",
    }
    return {**repeat, "dayOfWeek": list(schedule.days)} if schedule.days else repeat


def schedule_of(timing: JsonObject) -> Schedule:
    """What a Timing says; raises UnreadableTiming."""
    repeat = timing.get("repeat", {})
    frequency, period, unit = repeat.get("frequency"), repeat.get("period"), repeat.get("periodUnit")
    days = tuple(repeat.get("dayOfWeek", ()))
    if not isinstance(frequency, int) or frequency < 1 or period is None or Decimal(period) != 1:
        raise UnreadableTiming("occurrenceTiming.repeat needs a frequency in a period of 1 day or 1 week.")
    if unit == "d":
        return Schedule(frequency, days if len(days) < len(WEEK) else ())
    if unit != "wk" or not days or frequency % len(days):
        raise UnreadableTiming(
            "A weekly exercise needs its days in dayOfWeek, and a frequency that is a multiple of their number."
        )
    return Schedule(frequency // len(days), days)


@lru_cache(maxsize=4096)
def planned_days(schedule: Schedule, start: date, today: int) -> tuple[int, ...]:
    """The days (1 is `start`) up to and including `today` on which it is due."""
    wanted = {WEEK.index(day) for day in schedule.days} or set(range(7))
    return tuple(day for day in range(1, today + 1) if (start + timedelta(days=day - 1)).weekday() in wanted)
