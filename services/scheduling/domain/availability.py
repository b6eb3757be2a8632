"""Weekly availability: from working hours in local time to the times that can be booked.

A local time that a clock change skips does not exist and yields nothing; one that occurs twice is taken once, the
first time. A time that a change makes longer on the clock than it is takes its real minutes, and what would begin
meanwhile is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` up to, not including, `end` (aware)."""

    start: datetime
    end: datetime

    def overlaps(self, other: Interval) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Local times between which somebody works on `days` ("mon" … "sun"); an `end` of 00:00 is the day's end."""

    days: frozenset[str]
    start: time
    end: time

    def on(self, day: date) -> tuple[datetime, datetime]:
        """The start and the end on a day, local."""
        ends_on = day + timedelta(days=1) if self.end == time() else day
        return datetime.combine(day, self.start), datetime.combine(ends_on, self.end)


@dataclass(frozen=True, slots=True)
class WeeklyAvailability:
    """When appointments of `minutes` each can be given, in `zone`, but for the intervals `not_available`."""

    hours: Sequence[WorkingHours]
    minutes: int
    zone: ZoneInfo
    not_available: Sequence[Interval] = ()

    def times(self, within: Interval) -> Iterator[Interval]:
        """The bookable times that lie wholly `within`, in order, none overlapping another; UTC."""
        day = within.start.astimezone(self.zone).date() - timedelta(days=1)
        last = within.end.astimezone(self.zone).date()
        free = datetime.min.replace(tzinfo=UTC)
        while day <= last:
            for slot in sorted(self._on(day), key=lambda slot: slot.start):
                if slot.start < free:
                    continue
                free = slot.end
                inside = within.start <= slot.start and slot.end <= within.end
                if inside and not any(slot.overlaps(gap) for gap in self.not_available):
                    yield slot
            day += timedelta(days=1)

    def _on(self, day: date) -> Iterator[Interval]:
        length = timedelta(minutes=self.minutes)
        for hours in self.hours:
            if WEEKDAYS[day.weekday()] not in hours.days:
                continue
            local, end = hours.on(day)
            closing = end.replace(tzinfo=self.zone).astimezone(UTC)
            while local + length <= end:
                start = self._exists(local)
                if start is not None and start + length <= closing:
                    yield Interval(start, start + length)
                local += length

    def _exists(self, local: datetime) -> datetime | None:
        """The UTC moment of a local time, None if the clocks skip it."""
        moment = local.replace(tzinfo=self.zone).astimezone(UTC)
        return moment if moment.astimezone(self.zone).replace(tzinfo=None) == local else None
