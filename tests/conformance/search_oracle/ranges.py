"""Ranges of times and numbers, and what each prefix asks of two of them.

https://hl7.org/fhir/R4/search.html#prefix
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.conformance.search_oracle.definitions import Element

EVER = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
NEVER = datetime(1, 1, 1, tzinfo=UTC)
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

Times = tuple[datetime, datetime]
Numbers = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Prefixed:
    """A value of a query with its prefix taken off."""

    prefix: str
    text: str

    @classmethod
    def of(cls, value: str) -> Prefixed:
        return cls(value[:2], value[2:]) if value[:2] in PREFIXES else cls("eq", value)


def times(text: str) -> Times:
    """From the first moment of what is written to the first one after it."""
    date, _, time = text.partition("T")
    numbers = [int(part) for part in date.split("-")]
    if not time:
        year, month, day = [*numbers, 1, 1][:3]
        lo = datetime(year, month, day, tzinfo=UTC)
        if len(numbers) == 3:
            return lo, lo + timedelta(days=1)
        if len(numbers) == 2:
            return lo, lo.replace(year=year + month // 12, month=month % 12 + 1)
        return lo, lo.replace(year=year + 1)
    lo = datetime.fromisoformat(text.replace("Z", "+00:00"))
    lo = lo if lo.tzinfo else lo.replace(tzinfo=UTC)
    fraction = re.search(r"\.(\d+)", time)
    if fraction:
        return lo, lo + timedelta(microseconds=10 ** (6 - len(fraction[1])))
    return lo, lo + timedelta(seconds=1 if re.match(r"\d\d:\d\d:\d\d", time) else 60)


def times_of(element: Element) -> Times:
    """The whole of a date, of a Period with its open ends."""
    value = element.value
    if isinstance(value, str):
        return times(value)
    if element.type == "Timing":
        events = [times(event) for event in value["event"]]
        return min(lo for lo, _ in events), max(hi for _, hi in events)
    start = times(value["start"])[0] if "start" in value else NEVER
    return start, times(value["end"])[1] if "end" in value else EVER


def time_matches(value: str, element: Element, now: datetime) -> bool:
    asked = Prefixed.of(value)
    lo, hi = times(asked.text)
    start, end = times_of(element)
    if asked.prefix == "ap":
        gap = abs(now - lo) / 10
        return start < hi + gap and lo - gap < end
    return compared(asked.prefix, (lo, hi), (start, end))


def compared(prefix: str, asked: Any, found: Any) -> bool:
    """Half-open ranges compared as the specification words it."""
    (lo, hi), (start, end) = asked, found
    inside = lo <= start and end <= hi
    match prefix:
        case "eq":
            return bool(inside)
        case "ne":
            return not inside
        case "gt":
            return bool(end > hi)
        case "lt":
            return bool(start < lo)
        case "ge":
            return bool(end > hi or inside)
        case "le":
            return bool(start < lo or inside)
        case "sa":
            return bool(start >= hi)
    assert prefix == "eb"
    return bool(end <= lo)


def number_matches(value: str, element: Element) -> bool:
    """A number against a decimal, a Quantity or a Range: digits give `eq` and `ne` their width, the others none."""
    asked = Prefixed.of(value)
    number = Decimal(asked.text)
    start, end = numbers_of(element)
    # the specification's example: 100 is 99.5 to 100.5, but 1e2 is 95 to 105
    digit = int(number.as_tuple().exponent) - (1 if "e" in asked.text.lower() else 0)
    half = Decimal(5).scaleb(digit - 1)
    match asked.prefix:
        case "eq" | "ne":
            inside = number - half <= start and (end < number + half)
            return inside == (asked.prefix == "eq")
        case "ap":
            around = max(half, abs(number) / 10)
            return start <= number + around and number - around <= end
        case "gt":
            return end > number
        case "lt":
            return start < number
        case "ge":
            return end >= number
        case "le":
            return start <= number
        case "sa":
            return start > number
    return end < number


def numbers_of(element: Element) -> Numbers:
    """A point, or the ends of a Range."""
    value = element.value
    if element.type == "Range":
        low, high = (
            value.get("low", {}).get("value", "-Infinity"),
            value.get("high", {}).get("value", "Infinity"),
        )
        return Decimal(str(low)), Decimal(str(high))
    number = Decimal(str(value["value"] if isinstance(value, dict) else value))
    return number, number
