"""Extensions, and the `_name` members that give primitive values their id and extensions.

https://hl7.org/fhir/R4/extensibility.html
https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.validation.context import (
    EMPTY_ARRAY,
    NO_CONTENT,
    NOT_AN_ARRAY,
    NULL,
    Check,
    Context,
    Fault,
    Path,
)
from telerehab.fhir.validation.node import Node

_VALUE_OR_NESTED = Fault(
    "invariant", "An extension has either a value or nested extensions, not both (ext-1)."
)
_UNEQUAL = Fault("structure", "The array and its _ companion must have the same length.")
_BOTH_NULL = Fault("structure", "A value and its _ companion must not both be null.")


def value_or_nested(extension: dict[str, Any], path: Path, context: Context) -> None:
    """ext-1: `extension.exists() != value.exists()`."""
    has_value = any(name.startswith(("value", "_value")) for name in extension)
    if has_value == ("extension" in extension):
        context.report(_VALUE_OR_NESTED, path)


def companion(name: str, label: str, element: Node) -> Check:
    """The check of `_name`, companion of a primitive element that does not repeat."""

    def check(member: Any, owner: dict[str, Any], path: Path, context: Context) -> None:
        element.check(member, (path, label, -1), context)
        if _is_id_only(member) and name not in owner:
            context.report(NO_CONTENT, (path, label, -1))

    return check


def companions(name: str, label: str, element: Node) -> Check:
    """The check of `_name`, companion of a repeating primitive: an array aligned with the values by null."""

    def check(member: Any, owner: dict[str, Any], path: Path, context: Context) -> None:
        if type(member) is not list or not member:
            context.report(EMPTY_ARRAY if member == [] else NOT_AN_ARRAY, (path, label, -1))
            return
        values = owner.get(name)
        if type(values) is not list:
            values = [None] * len(member)
        aligned = len(values) == len(member)
        if not aligned:
            context.report(_UNEQUAL, (path, label, -1))
        for index, item in enumerate(member):
            if item is not None:
                element.check(item, (path, label, index), context)
            fault = _pair_fault(values[index], item) if aligned else None
            if fault is not None:
                context.report(fault, (path, label, index))

    return check


def _pair_fault(value: Any, item: Any) -> Fault | None:
    if value is not None:
        return None
    return _BOTH_NULL if item is None else NO_CONTENT if _is_id_only(item) else None


def null_without_companion(companion_name: str, index: int, owner: dict[str, Any]) -> Fault | None:
    """A null among the values of a primitive is a place holder for what its companion says there."""
    items = owner.get(companion_name)
    if type(items) is list and index < len(items):
        return None  # both null is reported with the companion
    return NULL


def _is_id_only(member: Any) -> bool:
    return type(member) is dict and member.keys() == {"id"}
