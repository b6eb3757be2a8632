"""Mathematics on single numbers and quantities.

https://hl7.org/fhirpath/N1/#math
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, function, of
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.single import number, single, whole
from telerehab.fhir.fhirpath.values import Quantity

MAX_DIGITS = 30
MAX_EXPONENT = 1000
_Number = int | Decimal


def _guarded(compute: Callable[[], Any]) -> Collection:
    """What a computation gives; empty where it has no result."""
    try:
        value = compute()
    except (ArithmeticError, ValueError, DecimalException):
        return []
    return of(Decimal(repr(value)) if isinstance(value, float) and math.isfinite(value) else value)


@function("abs")
def absolute(focus: Collection, scope: Scope) -> Collection:
    value = single(focus)
    if isinstance(value, Quantity):
        return [value._replace(value=abs(value.value))]
    found = number(focus)
    return [] if found is None else [abs(found)]


def _whole_number(name: str, round_: Callable[[_Number], int]) -> None:
    @function(name)
    def rounded(focus: Collection, scope: Scope) -> Collection:
        value = number(focus)
        return [] if value is None else [round_(value)]


_whole_number("ceiling", math.ceil)
_whole_number("floor", math.floor)
_whole_number("truncate", math.trunc)


@function("round", 0, 1)
def round_half_up(focus: Collection, scope: Scope, digits: Collection | None = None) -> Collection:
    value, places = number(focus), whole(digits) if digits is not None else 0
    if value is None or places is None:
        return []
    if not 0 <= places <= MAX_DIGITS:
        raise FhirPathError("round() takes 0 to 30 digits")
    return _guarded(lambda: Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def _real(name: str, compute: Callable[[float], float]) -> None:
    @function(name)
    def computed(focus: Collection, scope: Scope) -> Collection:
        value = number(focus)
        return [] if value is None else _guarded(lambda: compute(float(value)))


_real("exp", math.exp)
_real("ln", math.log)
_real("sqrt", math.sqrt)


@function("log", 1)
def logarithm(focus: Collection, scope: Scope, base: Collection) -> Collection:
    value, to = number(focus), number(base)
    if value is None or to is None:
        return []
    return _guarded(lambda: math.log(float(value)) / math.log(float(to)))


@function("power", 1)
def power(focus: Collection, scope: Scope, exponent: Collection) -> Collection:
    value, by = number(focus), number(exponent)
    if value is None or by is None:
        return []
    most = Decimal(10) ** MAX_DIGITS
    if not (-MAX_EXPONENT <= by <= MAX_EXPONENT and -most <= value <= most):
        raise FhirPathError("power() takes exponents up to 1000 of numbers up to 30 digits")
    result = _guarded(lambda: Decimal(value) ** Decimal(by))
    both_whole = isinstance(value, int) and isinstance(by, int) and by >= 0
    return [int(one) for one in result] if both_whole else result
