"""Dates, times and instants of partial precision: what can be told about them, and arithmetic with durations.

https://hl7.org/fhirpath/N1/#datetime-comparison
https://hl7.org/fhirpath/N1/#datetime-arithmetic
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

_MONTHS = {"year": 12, "month": 1}
_SECONDS = {
    "week": Decimal(604800),
    "day": Decimal(86400),
    "hour": Decimal(3600),
    "minute": Decimal(60),
    "second": Decimal(1),
    "millisecond": Decimal("0.001"),
}
CALENDAR_UNITS = frozenset((*_MONTHS, *_SECONDS))
_UCUM = {"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond"}  # fmt: skip
DURATIONS = CALENDAR_UNITS | _UCUM.keys()
"""What can be added to a time: not UCUM's year and month, whose lengths are means."""

_CLOCK = r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?"
_date = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?").fullmatch
_datetime = re.compile(rf"(\d{{4}})(?:-(\d\d)(?:-(\d\d))?)?T?(?:(?<=T){_CLOCK}(Z|[+-]\d\d:\d\d)?)?").fullmatch
_time = re.compile(rf"T?{_CLOCK}").fullmatch

Parts = tuple[int | Decimal, ...]


class Temporal(NamedTuple):
    """A Date, DateTime or Time (`kind`): its components as far as they are known, and minutes from UTC."""

    kind: str
    parts: Parts
    zone: int | None = None

    def __str__(self) -> str:
        parts = self.parts
        if self.kind == "Time":
            return _clock(parts)
        day = "-".join(f"{part:02d}" if at else f"{part:04d}" for at, part in enumerate(parts[:3]))
        if self.kind == "Date" or len(parts) < 4:
            return day
        return f"{day}T{_clock(parts[3:])}{_zone(self.zone)}"


def _clock(parts: Parts) -> str:
    texts = [f"{part:02d}" for part in parts[:2]]
    if len(parts) > 2:
        whole, _, fraction = str(parts[2]).partition(".")
        texts.append(whole.zfill(2) + (f".{fraction}" if fraction else ""))
    return ":".join(texts)


def _zone(zone: int | None) -> str:
    if zone is None:
        return ""
    sign, minutes = "-" if zone < 0 else "+", abs(zone)
    return "Z" if zone == 0 else f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def date(text: str) -> Temporal | None:
    """A Date of at least a year, or None for what is none."""
    match = _date(text)
    return _real(Temporal("Date", _numbers(match.groups()))) if match else None


def date_time(text: str) -> Temporal | None:
    """A DateTime from FHIR's text or a literal's (`2015T`), or None for what is none."""
    match = _datetime(text)
    if not match:
        return None
    *parts, zone = match.groups()
    return _real(Temporal("DateTime", _numbers(parts), _minutes(zone)))


def time(text: str) -> Temporal | None:
    """A Time of at least an hour, or None for what is none."""
    match = _time(text)
    return _real(Temporal("Time", _numbers(match.groups()))) if match else None


def _numbers(texts: object) -> Parts:
    known = [text for text in texts if text is not None]  # type: ignore[attr-defined]
    return tuple(Decimal(text) if "." in text else int(text) for text in known)


def _minutes(zone: str | None) -> int | None:
    if zone is None or zone == "Z":
        return None if zone is None else 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def _real(value: Temporal) -> Temporal | None:
    """Only what the calendar and the clock have."""
    parts = value.parts
    day, clock = ((), parts) if value.kind == "Time" else (parts[:3], parts[3:])
    if (day and day[0] < 1) or (len(day) > 1 and not 1 <= day[1] <= 12):
        return None
    if len(day) > 2 and not 1 <= day[2] <= monthrange(int(day[0]), int(day[1]))[1]:
        return None
    within = all(part < most for part, most in zip(clock, (24, 60, 61), strict=False))
    return value if within else None


def of_moment(moment: datetime) -> Temporal:
    """An aware datetime, to the millisecond."""
    seconds = Decimal(moment.second) + Decimal(moment.microsecond // 1000) / 1000
    offset = moment.utcoffset() or timedelta()
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, seconds)
    return Temporal("DateTime", parts, int(offset.total_seconds()) // 60)


def compare(left: Temporal, right: Temporal) -> int | None:
    """-1, 0 or 1; None where the precision of either, or a lacking zone, leaves it open.

    Both must be times of day, or neither.
    """
    if left.zone != right.zone and len(left.parts) > 3 and len(right.parts) > 3:
        if left.zone is None or right.zone is None:
            return None
        left, right = _in_utc(left), _in_utc(right)
    for one, other in zip(left.parts, right.parts, strict=False):
        if one != other:
            return -1 if one < other else 1
    return 0 if len(left.parts) == len(right.parts) else None


def key(value: Temporal) -> object:
    """Equal for what compares as equal."""
    utc = _in_utc(value) if value.zone is not None and len(value.parts) > 3 else value
    return ("Time" if value.kind == "Time" else "Date", utc.parts, utc.zone is None)


def _in_utc(value: Temporal) -> Temporal:
    year, month, day, hour = (int(part) for part in value.parts[:4])
    minute = int(value.parts[4]) if len(value.parts) > 4 else 0
    zone = timezone(timedelta(minutes=value.zone or 0))
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return value
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute)[: len(value.parts)]
    return Temporal(value.kind, (*parts, *value.parts[5:]), 0)


def add(value: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    """`value` later by a duration, in its own precision; None for what is no duration, or beyond the calendar."""
    unit = _UCUM.get(unit, unit).removesuffix("s")
    if unit in _MONTHS and value.kind != "Time":
        return _add_months(value, int(amount) * _MONTHS[unit])
    if unit not in _SECONDS:
        return None
    if unit != "second" and unit != "millisecond":
        amount = Decimal(int(amount))
    seconds = amount * _SECONDS[unit]
    if value.kind != "Time" and len(value.parts) < 3:  # whole months or years of what is asked
        days = int(seconds / 86400)
        months = int(days / 30) if len(value.parts) == 2 else int(days / 365) * 12
        return _add_months(value, months)
    return _add_seconds(value, seconds)


def _add_months(value: Temporal, months: int) -> Temporal | None:
    year, month = int(value.parts[0]), int(value.parts[1]) if len(value.parts) > 1 else 1
    if len(value.parts) == 1:
        months = int(months / 12) * 12
    total = year * 12 + month - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        return None
    parts: list[int | Decimal] = [year, month + 1, *value.parts[2:]]
    if len(value.parts) > 2:
        parts[2] = min(int(value.parts[2]), monthrange(year, month + 1)[1])
    return value._replace(parts=tuple(parts[: len(value.parts)]))


def _add_seconds(value: Temporal, seconds: Decimal) -> Temporal | None:
    count = len(value.parts)
    year, month, day = (1, 1, 1) if value.kind == "Time" else (int(part) for part in value.parts[:3])
    hour, minute, second = (*(value.parts if value.kind == "Time" else value.parts[3:]), 0, 0, 0)[:3]
    start = datetime(year, month, day, int(hour), int(minute), tzinfo=UTC)
    total = Decimal(second) + seconds
    whole = int(total // 1)
    try:
        if value.kind == "Time":  # goes round the clock
            whole = (int(hour) * 3600 + int(minute) * 60 + whole) % 86400
            start = datetime(1, 1, 1, tzinfo=UTC)
        end = start + timedelta(seconds=whole)
    except OverflowError:
        return None
    fraction = total - total // 1
    last = end.second + fraction if fraction or isinstance(second, Decimal) else end.second
    clock = (end.hour, end.minute, last)
    parts = clock if value.kind == "Time" else (end.year, end.month, end.day, *clock)
    return value._replace(parts=tuple(parts[:count]))
