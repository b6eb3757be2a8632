"""Conversions between FHIRPath's own types, each with the question whether it would succeed.

https://hl7.org/fhirpath/N1/#conversion
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from telerehab.fhir.fhirpath import temporal
from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, function, of
from telerehab.fhir.fhirpath.single import single
from telerehab.fhir.fhirpath.temporal import Temporal
from telerehab.fhir.fhirpath.units import measure
from telerehab.fhir.fhirpath.values import Quantity, calendar_quantity

_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})
_integer = re.compile(r"[+-]?\d{1,30}").fullmatch
_decimal = re.compile(r"[+-]?\d{1,60}(?:\.\d{1,60})?").fullmatch
_quantity = re.compile(r"([+-]?\d{1,60}(?:\.\d{1,60})?)\s*(?:'([^']+)'|([a-zA-Z]+))?").fullmatch


def _to_boolean(value: Any) -> bool | None:
    if type(value) is bool:
        return value
    if type(value) is str:
        return True if value.lower() in _TRUE else False if value.lower() in _FALSE else None
    if isinstance(value, int | Decimal):
        return bool(value) if value in (0, 1) else None
    return None


def _to_integer(value: Any) -> int | None:
    if type(value) in (bool, int):
        return int(value)
    return int(value) if type(value) is str and _integer(value) else None


def _to_decimal(value: Any) -> Decimal | None:
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if type(value) is str and _decimal(value) else None


def _to_string(value: Any) -> str | None:
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return getattr(value, "text", None) or format(value, "f")
    return str(value) if isinstance(value, str | int | Temporal | Quantity) else None


def _to_date(value: Any) -> Temporal | None:
    if isinstance(value, Temporal):
        return Temporal("Date", value.parts[:3]) if value.kind != "Time" else None
    if type(value) is not str:
        return None
    read = temporal.date(value) or temporal.date_time(value)
    return Temporal("Date", read.parts[:3]) if read else None


def _to_date_time(value: Any) -> Temporal | None:
    if isinstance(value, Temporal):
        return value._replace(kind="DateTime") if value.kind != "Time" else None
    return temporal.date_time(value) if type(value) is str else None


def _to_time(value: Any) -> Temporal | None:
    if isinstance(value, Temporal):
        return value if value.kind == "Time" else None
    return temporal.time(value) if type(value) is str else None


def _to_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value), "1")
    match = _quantity(value) if type(value) is str else None
    if match is None or (match[3] and match[3].removesuffix("s") not in temporal.CALENDAR_UNITS):
        return None
    number = Decimal(match[1])
    return calendar_quantity(number, match[3]) if match[3] else Quantity(number, match[2] or "1")


def _conversion(type_: str, convert: Callable[[Any], Any]) -> None:
    @function(f"to{type_}")
    def converted(focus: Collection, scope: Scope) -> Collection:
        return of(convert(single(focus)))

    @function(f"convertsTo{type_}")
    def converts(focus: Collection, scope: Scope) -> Collection:
        return [convert(single(focus)) is not None] if focus else []


def _quantities() -> None:
    @function("toQuantity", 0, 1)
    def converted(focus: Collection, scope: Scope, unit: Collection | None = None) -> Collection:
        found = _to_quantity(single(focus))
        return of(found if unit is None else _in_unit(found, single(unit)))

    @function("convertsToQuantity", 0, 1)
    def converts(focus: Collection, scope: Scope, unit: Collection | None = None) -> Collection:
        return [bool(converted(focus, scope, *([unit] if unit is not None else [])))] if focus else []


def _in_unit(quantity: Quantity | None, unit: Any) -> Quantity | None:
    if quantity is None or type(unit) is not str:
        return None
    known, wanted = measure(quantity.unit), measure(unit)
    if known is None or wanted is None or known.dimensions != wanted.dimensions:
        return quantity if quantity.unit == unit else None
    return Quantity(quantity.value * known.factor / wanted.factor, unit)


_conversion("Boolean", _to_boolean)
_conversion("Integer", _to_integer)
_conversion("Decimal", _to_decimal)
_conversion("String", _to_string)
_conversion("Date", _to_date)
_conversion("DateTime", _to_date_time)
_conversion("Time", _to_time)
_quantities()
