"""Reading a Schedule: its weekly availability, its horizon, the ids and content of its slots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.scheduling.domain.availability import WEEKDAYS, Interval, WeeklyAvailability, WorkingHours
from telerehab.canonical import (
    NOT_AVAILABLE,
    SLOT_MINUTES,
    TIMEZONE,
    WEEKLY_AVAILABILITY,
    extension_value,
    extensions,
)
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment, utc
from telerehab.identity import derived_id

HORIZON = timedelta(weeks=8)
"""How far ahead slots exist; they are made again each day as it moves."""
DEFAULT_MINUTES = 30
MOST_SLOTS = 3000
"""Of one schedule: every ten minutes of a working day, seven days a week, is fewer."""
_LOCAL_NAMES = re.compile(r"localtime$|posixrules$|Factory$|posix/|right/")
"""What a machine's folder of time zones has besides them: it means something else on the next machine, or no zone."""
COPIED = ("serviceCategory", "serviceType", "specialty")


class UnreadableAvailability(ValueError):
    """The availability cannot be understood; `expression` says where."""

    def __init__(self, problem: str, expression: str) -> None:
        super().__init__(problem)
        self.expression = expression


def weekly_availability(schedule: JsonObject) -> WeeklyAvailability | None:
    """The weekly availability of a Schedule, None if it states none; raises UnreadableAvailability."""
    stated = extensions(schedule, WEEKLY_AVAILABILITY)
    if not stated:
        return None
    stated_minutes = extension_value(schedule, SLOT_MINUTES)
    minutes = DEFAULT_MINUTES if stated_minutes is None else stated_minutes
    if not isinstance(minutes, int) or not 5 <= minutes <= 24 * 60:
        raise UnreadableAvailability("A slot has between 5 and 1440 minutes.", _at(SLOT_MINUTES))
    return WeeklyAvailability(
        [_working_hours(one) for one in stated], minutes, _zone(schedule), list(_gaps(schedule))
    )


def horizon(schedule: JsonObject, now: datetime) -> Interval | None:
    """The part of the planning horizon in which slots exist: from now, `HORIZON` ahead at most."""
    period, zone = schedule.get("planningHorizon", {}), _zone(schedule)
    start = max(_beginning(period.get("start"), zone) or now, now)
    end = min(_ending(period.get("end"), zone) or now + HORIZON, now + HORIZON)
    return Interval(start, end) if start < end else None


def slots(schedule: JsonObject, now: datetime) -> list[JsonObject]:
    """Every slot the schedule should have from now on; raises UnreadableAvailability, also beyond `MOST_SLOTS`."""
    availability = weekly_availability(schedule)
    within = horizon(schedule, now) if availability else None
    if availability is None or within is None:
        return []
    times = list(islice(availability.times(within), MOST_SLOTS + 1))
    if len(times) > MOST_SLOTS:
        raise UnreadableAvailability(
            f"These hours make more than {MOST_SLOTS} slots in eight weeks; make them longer or fewer.",
            _at(WEEKLY_AVAILABILITY),
        )
    return [slot(schedule, time) for time in times]


def slot_id(schedule_id: str, start: datetime) -> str:
    """The id of the slot of a schedule at a time: always the same, so that slots made twice are made once."""
    return derived_id("Slot", schedule_id, utc(start))


def slot(schedule: JsonObject, interval: Interval) -> JsonObject:
    """A free Slot of the schedule."""
    return {
        "resourceType": "Slot",
        "id": slot_id(schedule["id"], interval.start),
        **{name: schedule[name] for name in COPIED if name in schedule},
        "schedule": {"reference": f"Schedule/{schedule['id']}"},
        "status": "free",
        "start": utc(interval.start),
        "end": utc(interval.end),
    }


def _beginning(value: Any, zone: ZoneInfo) -> datetime | None:
    """The first moment of a dateTime; one of less than a time is a local day, month or year."""
    day = _first_day(value)
    return datetime.combine(day, time(), zone).astimezone(UTC) if day else moment(value)


def _ending(value: Any, zone: ZoneInfo) -> datetime | None:
    """The moment after a dateTime: the end of a Period includes the day, month or year it names."""
    day = _first_day(value)
    if day is None:
        return moment(value)
    after = {10: day + timedelta(days=1), 7: (day + timedelta(days=31)).replace(day=1)}
    following = after.get(len(value)) or day.replace(year=day.year + 1)
    return datetime.combine(following, time(), zone).astimezone(UTC)


def _first_day(value: Any) -> date | None:
    """The first day of a date, month or year; None for a dateTime with a time."""
    if not isinstance(value, str) or "T" in value or value[:4] in ("0001", "9999"):
        return None
    return date.fromisoformat((value + "-01-01")[:10])


def _working_hours(stated: JsonObject) -> WorkingHours:
    days = {part.get("valueCode") for part in extensions(stated, "daysOfWeek")}
    if not days or not days <= set(WEEKDAYS):
        raise UnreadableAvailability(
            f"daysOfWeek must be given, each one of {', '.join(WEEKDAYS)}.", _at(WEEKLY_AVAILABILITY)
        )
    start = _time(extension_value(stated, "availableStartTime"))
    end = _time(extension_value(stated, "availableEndTime"))
    if start is None or end is None or time() != end <= start:
        raise UnreadableAvailability(
            "availableStartTime and availableEndTime must be times of one day, the start first;"
            " hours over midnight are two entries, and an end of 00:00:00 is the end of the day.",
            _at(WEEKLY_AVAILABILITY),
        )
    return WorkingHours(frozenset(map(str, days)), start, end)


def _time(value: Any) -> time | None:
    try:
        read = time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return read if read is not None and read.tzinfo is None else None


def _zone(schedule: JsonObject) -> ZoneInfo:
    name = extension_value(schedule, TIMEZONE)
    if name is None:
        raise UnreadableAvailability("Weekly hours need a time zone beside them.", _at(TIMEZONE))
    try:
        if isinstance(name, str) and not _LOCAL_NAMES.match(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise UnreadableAvailability(
        "The time zone is not one of the IANA database: give its name, as 'Europe/Berlin'.", _at(TIMEZONE)
    )


def _gaps(schedule: JsonObject) -> Iterator[Interval]:
    zone = _zone(schedule)
    for stated in extensions(schedule, NOT_AVAILABLE):
        period = stated.get("valuePeriod", {})
        start, end = _beginning(period.get("start"), zone), _ending(period.get("end"), zone)
        if start is None or end is None or start >= end:
            raise UnreadableAvailability("A time off needs a start and a later end.", _at(NOT_AVAILABLE))
        yield Interval(start, end)


def _at(url: str) -> str:
    return f"Schedule.extension('{url}')"
