"""The operators between collections.

https://hl7.org/fhirpath/N1/#operations
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from telerehab.fhir.fhirpath import temporal
from telerehab.fhir.fhirpath.comparing import equal, equivalent, order
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.scope import Scope, Step
from telerehab.fhir.fhirpath.single import measured, single, text, truth
from telerehab.fhir.fhirpath.temporal import Temporal
from telerehab.fhir.fhirpath.units import measure
from telerehab.fhir.fhirpath.values import Collection, Descending, Node, Quantity, each_once, identity

_TEXTS = frozenset({"code", "string", "uri", "id", "canonical", "url", "markdown"})
Operate = Callable[[Collection, Collection], Collection]


def operator(symbol: str, left: Step, right: Step) -> Step:
    """The step that evaluates one operation; `and`, `or` and `implies` look at the right side only if they must."""
    if symbol in _LOGIC:
        return _LOGIC[symbol](left, right)
    operate = _OPERATORS[symbol]

    def step(scope: Scope) -> Collection:
        one, other = left(scope), right(scope)
        if len(one) > 1 or len(other) > 1:
            scope.environment.spend(len(one) + len(other))
        return operate(one, other)

    return step


def equals_text(left: Step, literal: str) -> Step:
    """`left = 'literal'`, the most frequent operation."""
    right: Collection = [literal]

    def step(scope: Scope) -> Collection:
        items = left(scope)
        if len(items) == 1:
            item = items[0]
            if type(item) is Node and item.type in _TEXTS and type(item.value) is str:
                return [item.value == literal]
        return _equals(items, right)

    return step


def _and(left: Step, right: Step) -> Step:
    def step(scope: Scope) -> Collection:
        one = truth(left(scope))
        if one is False:
            return [False]
        other = truth(right(scope))
        return [False] if other is False else [True] if one and other else []

    return step


def _or(left: Step, right: Step) -> Step:
    def step(scope: Scope) -> Collection:
        one = truth(left(scope))
        if one is True:
            return [True]
        other = truth(right(scope))
        return [True] if other else [False] if one is False and other is False else []

    return step


def _implies(left: Step, right: Step) -> Step:
    def step(scope: Scope) -> Collection:
        one = truth(left(scope))
        if one is False:
            return [True]
        other = truth(right(scope))
        return [True] if other else [False] if one and other is False else []

    return step


def _xor(left: Step, right: Step) -> Step:
    def step(scope: Scope) -> Collection:
        one, other = truth(left(scope)), truth(right(scope))
        return [] if one is None or other is None else [one != other]

    return step


_LOGIC = {"and": _and, "or": _or, "implies": _implies, "xor": _xor}


def _equals(left: Collection, right: Collection) -> Collection:
    answer = equal(left, right)
    return [] if answer is None else [answer]


def _differs(left: Collection, right: Collection) -> Collection:
    answer = equal(left, right)
    return [] if answer is None else [not answer]


def _ordered(holds: Callable[[int], bool]) -> Operate:
    def operate(left: Collection, right: Collection) -> Collection:
        if not left or not right:
            return []
        if len(left) > 1 or len(right) > 1:
            raise FhirPathError("only single values have an order")
        answer = order(left[0], right[0])
        return [] if answer is None else [holds(answer)]

    return operate


def _in(left: Collection, right: Collection) -> Collection:
    if not left:
        return []
    single(left)
    return [identity(left[0]) in set(map(identity, right))]


def _contains(left: Collection, right: Collection) -> Collection:
    return _in(right, left)


def _joined(left: Collection, right: Collection) -> Collection:
    return [measured((text(left) or "") + (text(right) or ""))]


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Operate:
    def operate(left: Collection, right: Collection) -> Collection:
        one, other = single(left), single(right)
        if one is None or other is None:
            return []
        try:
            value = compute(one, other)
        except (DivisionByZero, InvalidOperation, Overflow, ZeroDivisionError):
            return []
        return [] if value is None else [measured(value)]

    return operate


def _numbers(one: Any, other: Any) -> bool:
    return all(isinstance(value, int | Decimal) and type(value) is not bool for value in (one, other))


def _add(one: Any, other: Any) -> Any:
    if _numbers(one, other) or (type(one) is str and type(other) is str):
        return one + other
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other.value, other.unit)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _sum(one, other, 1)
    raise FhirPathError("these cannot be added")


def _subtract(one: Any, other: Any) -> Any:
    if _numbers(one, other):
        return one - other
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, -other.value, other.unit)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _sum(one, other, -1)
    raise FhirPathError("these cannot be subtracted")


def _moved(moment: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    if unit not in temporal.DURATIONS:
        raise FhirPathError(
            "only a duration of the calendar, or one of a definite length, can be added to a time"
        )
    return temporal.add(moment, amount, unit)


def _sum(one: Quantity, other: Quantity, sign: int) -> Quantity | None:
    if one.unit == other.unit:
        return one._replace(value=one.value + sign * other.value)
    known, others = measure(one.unit), measure(other.unit)
    if known is None or others is None or known.dimensions != others.dimensions:
        return None
    return one._replace(value=one.value + sign * other.value * others.factor / known.factor)


def _multiply(one: Any, other: Any) -> Any:
    if _numbers(one, other):
        return one * other
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        one, other = _measured(one), _measured(other)
        return Quantity(one.value * other.value, _product(one.unit, ".", other.unit))
    raise FhirPathError("these cannot be multiplied")


def _divide(one: Any, other: Any) -> Any:
    if _numbers(one, other):
        return Decimal(one) / Decimal(other)
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        one, other = _measured(one), _measured(other)
        return Quantity(one.value / other.value, _product(one.unit, "/", other.unit))
    raise FhirPathError("these cannot be divided")


def _measured(value: Any) -> Quantity:
    if isinstance(value, Quantity):
        return value
    if _numbers(value, value):
        return Quantity(Decimal(value), "1")
    raise FhirPathError("a number was expected")


def _product(one: str, symbol: str, other: str) -> str:
    if other == "1":
        return one
    return "1" if one == other and symbol == "/" else f"{one}{symbol}{other}"


def _div(one: Any, other: Any) -> Any:
    if not _numbers(one, other):
        raise FhirPathError("numbers were expected")
    return int(Decimal(one) / Decimal(other))


def _mod(one: Any, other: Any) -> Any:
    if not _numbers(one, other):
        raise FhirPathError("numbers were expected")
    rest = Decimal(one) % Decimal(other)
    return int(rest) if type(one) is int and type(other) is int else rest


def negative(items: Collection) -> Collection:
    """`-` before a value; before a string it is a descending sort key."""
    value = single(items)
    if value is None:
        return []
    if isinstance(value, Quantity):
        return [value._replace(value=-value.value)]
    if type(value) is str:
        return [Descending(value)]
    if not _numbers(value, value):
        raise FhirPathError("a number was expected")
    return [-value]


_OPERATORS: dict[str, Operate] = {
    "=": _equals,
    "!=": _differs,
    "~": lambda left, right: [equivalent(left, right)],
    "!~": lambda left, right: [not equivalent(left, right)],
    "<": _ordered(lambda answer: answer < 0),
    "<=": _ordered(lambda answer: answer <= 0),
    ">": _ordered(lambda answer: answer > 0),
    ">=": _ordered(lambda answer: answer >= 0),
    "in": _in,
    "contains": _contains,
    "|": lambda left, right: each_once([*left, *right]),
    "&": _joined,
    "+": _arithmetic(_add),
    "-": _arithmetic(_subtract),
    "*": _arithmetic(_multiply),
    "/": _arithmetic(_divide),
    "div": _arithmetic(_div),
    "mod": _arithmetic(_mod),
}
