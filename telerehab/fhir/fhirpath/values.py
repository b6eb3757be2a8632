"""What FHIRPath collections hold: elements of a resource with their type, or values of FHIRPath's own.

https://hl7.org/fhirpath/N1/#types
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple, cast

from telerehab.fhir.fhirpath import temporal
from telerehab.fhir.fhirpath.element_types import base_types
from telerehab.fhir.fhirpath.temporal import Temporal
from telerehab.fhir.fhirpath.units import measure

Collection = list[Any]
"""Items are `Node`, bool, int, Decimal, str, `Temporal`, `Quantity` or `TypeInfo`."""

_DATES = frozenset({"dateTime", "instant"})
_WHOLE = frozenset({"integer", "unsignedInt", "positiveInt"})
_CALENDAR_IN_SECONDS = {"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min",
                        "second": "s", "millisecond": "ms"}  # fmt: skip
_DEFINITE = frozenset({"week", "day", "hour", "minute", "second", "millisecond"})


class Node:
    """An element where it stands: its JSON `value`, its FHIR `type`, for a primitive its `_` `companion`.

    `type` is the name of a type, or for an element defined in place its path (`Patient.contact`). `key` and `index`
    (-1: does not repeat) are its JSON member within `parent`.
    """

    __slots__ = ("companion", "index", "key", "parent", "type", "value")

    def __init__(
        self,
        value: Any,
        type_: str,
        companion: Any = None,
        parent: Node | None = None,
        key: str = "",
        index: int = -1,
    ) -> None:
        self.value = value
        self.type = type_
        self.companion = companion
        self.parent = parent
        self.key = key
        self.index = index


class Quantity(NamedTuple):
    """A number with a UCUM unit, or with a calendar unit in the singular (`calendar`)."""

    value: Decimal
    unit: str
    calendar: bool = False

    def __str__(self) -> str:
        unit = f"{self.unit}{'' if self.value == 1 else 's'}" if self.calendar else f"'{self.unit}'"
        return f"{self.value} {unit}"


class Descending(NamedTuple):
    """A string behind a minus: a key that sorts the other way round."""

    of: str


class TypeInfo(NamedTuple):
    """What `type()` answers."""

    namespace: str
    name: str


def calendar_quantity(value: Decimal, unit: str) -> Quantity:
    """`4 days` or `4 'd'` as written."""
    singular = unit.removesuffix("s")
    if singular in temporal.CALENDAR_UNITS:
        return Quantity(value, singular, True)
    return Quantity(value, unit)


def system(item: Any) -> Any:
    """The FHIRPath value of an item: of a primitive or a Quantity its value, of what has none itself (or None)."""
    if type(item) is not Node:
        return item
    value, type_ = item.value, item.type
    if type(value) is dict:
        return _quantity(value, item) if "value" in value and is_a(type_, "Quantity") else item
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        if type_ in _DATES:
            return temporal.date_time(value) or value
        return temporal.date(value) or value if type_ == "date" else _of_text(type_, value)
    if type(value) is int:
        return value if type_ in _WHOLE else Decimal(value)
    return value if isinstance(value, Decimal) else item


def _of_text(type_: str, value: str) -> Any:
    return temporal.time(value) or value if type_ == "time" else value


def _quantity(value: dict[str, Any], item: Node) -> Any:
    number = value["value"]
    if type(number) is bool or not isinstance(number, int | Decimal):
        return item
    unit = value.get("code") or value.get("unit") or "1"
    return Quantity(Decimal(number), unit) if isinstance(unit, str) else item


def is_a(type_: str, wanted: str) -> bool:
    """Whether a FHIR type is `wanted` or derived from it."""
    return type_ == wanted or wanted in base_types(type_)


def canonical(quantity: Quantity) -> tuple[Decimal, Hashable] | None:
    """Its size in base units and what these are; None for a unit that is not known."""
    unit = quantity.unit
    if quantity.calendar and unit not in _DEFINITE:  # a year is not so many seconds
        return quantity.value * (12 if unit == "year" else 1), "calendar"
    known = measure(_CALENDAR_IN_SECONDS[unit] if quantity.calendar else unit)
    return None if known is None else (quantity.value * known.factor, known.dimensions)


def identity(item: Any) -> Hashable:
    """Equal for items that are equal; by it duplicates are found without comparing each with each."""
    value = system(item)
    match value:
        case bool():
            return ("boolean", value)
        case int() | Decimal():
            return ("number", value)
        case str() | None:
            return value
        case Quantity():
            size = canonical(value)
            return ("quantity", *(size if size is not None else (value.value, value.unit)))
        case Temporal():
            return temporal.key(value)
        case Node():
            return _frozen(value.value)
    return cast(Hashable, value)


def each_once(items: Collection) -> Collection:
    """The items without those that equal an earlier one."""
    found: dict[Hashable, Any] = {}
    for item in items:
        found.setdefault(identity(item), item)
    return list(found.values())


def _frozen(value: Any) -> Hashable:
    """A complex element by its content, ids aside."""
    if type(value) is dict:
        return frozenset((name, _frozen(member)) for name, member in value.items() if name != "id")
    if type(value) is list:
        return tuple(_frozen(item) for item in value)
    return ("boolean", value) if type(value) is bool else cast(Hashable, value)


def place(node: Node) -> str:
    """Where a node stands, as FHIRPath: `Patient.name[0].given[1]`."""
    return ".".join(reversed(list(_steps(node))))


def _steps(node: Node) -> Iterator[str]:
    step: Node | None = node
    while step is not None:
        name = step.key or step.type
        yield name if step.index < 0 else f"{name}[{step.index}]"
        step = step.parent
