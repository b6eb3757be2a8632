"""Equality, equivalence and order of values.

https://hl7.org/fhirpath/N1/#equality
https://hl7.org/fhirpath/N1/#comparison
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from telerehab.fhir.fhirpath import temporal
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.temporal import Temporal
from telerehab.fhir.fhirpath.values import Collection, Node, Quantity, canonical, identity, system


def equal(left: Collection, right: Collection) -> bool | None:
    """`=`: the same items in the same order; None where a side is empty or precision leaves it open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answers = [_equal(one, other) for one, other in zip(left, right, strict=True)]
    return False if False in answers else None if None in answers else True


def _equal(left: Any, right: Any) -> bool | None:
    one, other = system(left), system(right)
    if one is None or other is None:
        return None
    if type(one) is str and type(other) is str:
        return one == other
    if isinstance(one, Temporal) or isinstance(other, Temporal):
        return _same_time(one, other)
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        return _same_quantity(_as_quantity(one), _as_quantity(other))
    return identity(one) == identity(other)


def _same_quantity(one: Any, other: Any) -> bool | None:
    """None for units that are not known here, and for a year or month beside UCUM's."""
    if not isinstance(one, Quantity) or not isinstance(other, Quantity):
        return False
    order = _order_of_quantities(one, other)
    if order is None and (
        one.calendar != other.calendar or canonical(one) is None or canonical(other) is None
    ):
        return None
    return order == 0


def _same_time(one: Any, other: Any) -> bool | None:
    one, other = _as_temporal(one, other), _as_temporal(other, one)
    if not isinstance(one, Temporal) or not isinstance(other, Temporal):
        return False
    if (one.kind == "Time") != (other.kind == "Time"):
        return False
    order = temporal.compare(one, other)
    return None if order is None else order == 0


def _as_temporal(value: Any, other: Any) -> Any:
    """FHIR's text of a date beside one that is known as such."""
    if type(value) is str and isinstance(other, Temporal):
        read = temporal.time if other.kind == "Time" else temporal.date_time
        return read(value) or value
    return value


def _as_quantity(value: Any) -> Any:
    return Quantity(Decimal(value), "1") if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def equivalent(left: Collection, right: Collection) -> bool:
    """`~`: the same items in any order; text without regard to case, numbers at the lesser precision."""
    if len(left) != len(right):
        return False
    if len(left) == 1:
        return _equivalent(left[0], right[0])
    if Counter(map(_folded, left)) == Counter(map(_folded, right)):
        return True
    pending = list(right)
    for item in left:
        found = next((other for other in pending if _equivalent(item, other)), None)
        if found is None:
            return False
        pending.remove(found)
    return True


def _folded(item: Any) -> Any:
    value = system(item)
    return " ".join(value.casefold().split()) if type(value) is str else identity(value)


def _equivalent(left: Any, right: Any) -> bool:
    one, other = system(left), system(right)
    if _is_number(one) and _is_number(other):
        digits = min(_decimals(one), _decimals(other))
        return round(Decimal(one), digits) == round(Decimal(other), digits)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _equivalent_quantities(one, other)
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        return _same_time(one, other) is True
    return bool(_folded(one) == _folded(other))


def _equivalent_quantities(one: Quantity, other: Quantity) -> bool:
    if one.unit == other.unit:
        return _equivalent(one.value, other.value)
    known, others = canonical(one), canonical(other)
    if known is None or others is None or known[1] != others[1]:
        return False
    # at the precision of the less precise: 4 'g' ~ 4040 'mg'
    scale = max(_step_of(one, known[0]), _step_of(other, others[0]))
    return abs(known[0] - others[0]) < scale


def _step_of(quantity: Quantity, size: Decimal) -> Decimal:
    unit = size / quantity.value if quantity.value else Decimal(1)
    return unit.scaleb(-_decimals(quantity.value)) / 2


def _decimals(value: int | Decimal) -> int:
    exponent = Decimal(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1 for two single items; None where it is open. Raises FhirPathError for what has no order."""
    one, other = system(left), system(right)
    if one is None or other is None:
        return None
    if isinstance(one, Temporal) or isinstance(other, Temporal):
        one, other = _as_temporal(one, other), _as_temporal(other, one)
        if _both_temporal(one, other):
            return temporal.compare(one, other)
    elif isinstance(one, Quantity) or isinstance(other, Quantity):
        one, other = _as_quantity(one), _as_quantity(other)
        if isinstance(one, Quantity) and isinstance(other, Quantity):
            return _order_of_quantities(one, other)
    elif (type(one) is str and type(other) is str) or (_is_number(one) and _is_number(other)):
        return _sign(one, other)
    elif type(one) is Node and type(other) is Node:
        return None  # quantities without a value, or the like
    raise FhirPathError("only values of one kind have an order")


def _both_temporal(one: Any, other: Any) -> bool:
    both = isinstance(one, Temporal) and isinstance(other, Temporal)
    return both and (one.kind == "Time") == (other.kind == "Time")


def _order_of_quantities(one: Any, other: Any) -> int | None:
    if not isinstance(one, Quantity) or not isinstance(other, Quantity):
        return None
    if one.unit == other.unit and one.calendar == other.calendar:
        return _sign(one.value, other.value)
    known, others = canonical(one), canonical(other)
    if known is None or others is None or known[1] != others[1]:
        return None
    return _sign(known[0], others[0])


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)
