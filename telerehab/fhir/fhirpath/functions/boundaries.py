"""Boundaries: the least and the greatest value that a value of limited precision may stand for.

https://build.fhir.org/ig/HL7/FHIRPath/#lowboundaryprecision-integer-decimal--date--datetime--time
"""

from __future__ import annotations

from calendar import monthrange
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, function, of
from telerehab.fhir.fhirpath.single import single, whole
from telerehab.fhir.fhirpath.temporal import Parts, Temporal
from telerehab.fhir.fhirpath.values import Quantity, canonical

_DIGITS = 8
_MOST_DIGITS = 28
_DATE_DIGITS = {4: 1, 6: 2, 8: 3}
_CLOCK_DIGITS = {2: 1, 4: 2, 6: 3, 9: 3}
_EARLIEST_ZONE, _LATEST_ZONE = 14 * 60, -12 * 60


@function("lowBoundary", 0, 1)
def low_boundary(focus: Collection, scope: Scope, precision: Collection | None = None) -> Collection:
    return of(_boundary(single(focus), whole(precision) if precision is not None else None, low=True))


@function("highBoundary", 0, 1)
def high_boundary(focus: Collection, scope: Scope, precision: Collection | None = None) -> Collection:
    return of(_boundary(single(focus), whole(precision) if precision is not None else None, low=False))


def _boundary(value: Any, precision: int | None, *, low: bool) -> Any:
    if isinstance(value, Temporal):
        return _of_time(value, precision, low=low)
    if isinstance(value, Quantity):
        number = _of_number(value.value, precision, low=low)
        return None if number is None else value._replace(value=number)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _of_number(Decimal(value), precision, low=low)
    return None


def _of_number(value: Decimal, precision: int | None, *, low: bool) -> Decimal | None:
    digits = _DIGITS if precision is None else precision
    if not 0 <= digits <= _MOST_DIGITS:
        return None
    exponent = value.as_tuple().exponent
    half = Decimal(5).scaleb((exponent if isinstance(exponent, int) else 0) - 1)
    bound = value - half if low else value + half
    return bound.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR if low else ROUND_CEILING)


def _of_time(value: Temporal, precision: int | None, *, low: bool) -> Temporal | None:
    if value.kind == "Time":
        count = _CLOCK_DIGITS.get(9 if precision is None else precision)
        return None if count is None else Temporal("Time", _filled_clock(value.parts, low=low)[:count])
    most = 8 if value.kind == "Date" else 17
    digits = most if precision is None else precision
    if digits in _DATE_DIGITS:
        return Temporal("Date", _filled(value.parts, low=low)[: _DATE_DIGITS[digits]])
    count = _CLOCK_DIGITS.get(digits - 8)
    if count is None:
        return None
    zone = value.zone if value.zone is not None else _EARLIEST_ZONE if low else _LATEST_ZONE
    return Temporal("DateTime", _filled(value.parts, low=low)[: 3 + count], zone)


def _filled(parts: Parts, *, low: bool) -> Parts:
    year = int(parts[0])
    month = int(parts[1]) if len(parts) > 1 else 1 if low else 12
    day = parts[2] if len(parts) > 2 else 1 if low else monthrange(year, month)[1]
    return (year, month, day, *_filled_clock(parts[3:], low=low))


def _filled_clock(parts: Parts, *, low: bool) -> Parts:
    least: Parts = (0, 0, Decimal("0.000"))
    most: Parts = (23, 59, Decimal("59.999"))
    if len(parts) == 3:
        fraction = Decimal("0.000") if low or Decimal(parts[2]) % 1 else Decimal("0.999")
        return (*parts[:2], (Decimal(parts[2]) + fraction).quantize(Decimal("0.001")))
    return (*parts, *(least if low else most)[len(parts) :])


@function("precision")
def precision(focus: Collection, scope: Scope) -> Collection:
    value = single(focus)
    if isinstance(value, Temporal):
        text = str(value)
        zone = len(text) if value.zone is None else text.rfind("Z") if value.zone == 0 else len(text) - 6
        return [sum(char.isdigit() for char in text[:zone])]
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return [max(0, -exponent) if isinstance(exponent, int) else 0]
    return [0] if type(value) is int else []


@function("comparable", 1)
def comparable(focus: Collection, scope: Scope, other: Collection) -> Collection:
    one, another = single(focus), single(other)
    if not isinstance(one, Quantity) or not isinstance(another, Quantity):
        return []
    known, others = canonical(one), canonical(another)
    if known is None or others is None:
        return [one.unit == another.unit]
    return [known[1] == others[1]]
