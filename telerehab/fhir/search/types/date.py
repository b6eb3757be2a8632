"""Date: dates, times and periods as the range they cover, compared with the range of the value.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.escape import unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import DateCompare, Predicate, Prefix
from telerehab.fhir.search.refusal import malformed
from telerehab.fhir.search.rows import BEGINNING, END_OF_TIME, DateRow, IndexRows

MODIFIERS: frozenset[str] = frozenset()
NOT = False

_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_DAY, _SECOND, _MILLISECOND = timedelta(days=1), timedelta(seconds=1), timedelta(milliseconds=1)
_USUAL = re.compile(  # what Python reads at once: a fifth of the time of taking it apart
    r"[12]\d{3}-\d\d-\d\d(?:T\d\d:\d\d:[0-5]\d(?:\.\d{3})?(?:Z|[+-](?:0\d|1[0-4]):\d\d))?", re.ASCII
)
_EXPECTED = "a date such as '2024', '2024-03', '2024-03-17', '2024-03-17T09:30Z', perhaps after a prefix"


@lru_cache(maxsize=4096)
def covered(text: str) -> tuple[datetime, datetime]:
    """The time [lo, hi) that a date or time of any precision covers, UTC where it names no zone. ValueError."""
    if _USUAL.fullmatch(text):
        return _usual(text)
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a FHIR date")
    part = {name: int(value) for name, value in match.groupdict().items() if value and name != "zone"}
    second, fraction = part.get("second", 0), (match["fraction"] or "")[:6]
    lo = datetime(
        part["year"],
        part.get("month", 1),
        part.get("day", 1),
        part.get("hour", 0),
        part.get("minute", 0),
        min(second, 59),
        int(fraction.ljust(6, "0")),
        tzinfo=UTC,
    )
    hi = _end(lo, part, len(fraction))
    shift = _offset(match["zone"]) - timedelta(
        seconds=second - min(second, 59)
    )  # a leap second is the next one
    return _moved(lo, -shift), _moved(hi, -shift)


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    present, hash_ = parameter.present, parameter.hash
    ranges = {"Period": _period, "Timing": _timing}.get(path.type)
    if ranges is None and path.type not in ("date", "dateTime", "instant"):
        return None  # an age or a free text is no date, though the element may hold one

    def point(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        rows.dates.append(DateRow(hash_, *covered(value)))

    def span(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        found = ranges(value) if ranges else None
        if found:
            rows.dates.append(DateRow(hash_, *found))

    return span if ranges else point


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    return DateCompare(parameter.hash, *parse_range(parameter.code, value, setting.now))


def parse_range(code: str, value: str, now: datetime) -> tuple[Prefix, datetime, datetime]:
    """A search value's prefix and range; `ap` widens by a tenth of the way from now."""
    text = unescape(value)
    prefix = Prefix.eq
    if text[:2] in Prefix.__members__:
        prefix, text = Prefix(text[:2]), text[2:]
    try:
        lo, hi = covered(text)
    except (ValueError, OverflowError):
        raise malformed(code, _EXPECTED) from None
    if prefix is not Prefix.ap:
        return prefix, lo, hi
    return prefix, _moved(lo, -abs(now - lo) / 10), _moved(hi, abs(now - hi) / 10)


def _usual(text: str) -> tuple[datetime, datetime]:
    if len(text) == len("2024-03-17"):
        lo = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return lo, lo + _DAY
    lo = datetime.fromisoformat(text).astimezone(UTC)
    return lo, lo + (_MILLISECOND if text[19] == "." else _SECOND)


def _end(lo: datetime, part: dict[str, int], digits: int) -> datetime:
    try:
        if digits:
            return lo + timedelta(microseconds=10 ** (6 - digits))
        for unit in ("second", "minute", "day"):
            if unit in part:
                return lo + timedelta(**{unit + "s": 1})
        years, month = divmod(lo.month, 12) if "month" in part else (1, lo.month - 1)
        return lo.replace(year=lo.year + years, month=month + 1)
    except (OverflowError, ValueError):
        return END_OF_TIME


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError("no such time zone")
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def _moved(time: datetime, by: timedelta) -> datetime:
    try:
        return time + by
    except OverflowError:
        return END_OF_TIME if by > timedelta() else BEGINNING


def _period(value: Any) -> tuple[datetime, datetime] | None:
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return None
    return (covered(start)[0] if start else BEGINNING, covered(end)[1] if end else END_OF_TIME)


def _timing(value: Any) -> tuple[datetime, datetime] | None:
    """From the first to the last event; where none are listed, the bounds."""
    events = [covered(event) for event in value.get("event", ()) if event]
    if events:
        return min(lo for lo, _ in events), max(hi for _, hi in events)
    bounds = value.get("repeat", {}).get("boundsPeriod")
    return _period(bounds) if bounds else None
