"""How a member's value is walked: single or repeated, primitive or object, with the rules of that element.

https://hl7.org/fhir/R4/json.html#repeat
"""

from __future__ import annotations

from typing import Any, Protocol

from telerehab.fhir.validation.context import (
    EMPTY_ARRAY,
    NOT_AN_ARRAY,
    Accept,
    Check,
    Constraint,
    Context,
    Path,
)
from telerehab.fhir.validation.extensions import null_without_companion


class Checked(Protocol):
    """What checks an object: a compiled type, or whatever resource type the object says it is."""

    def check(self, value: Any, path: Path, context: Context) -> None: ...


def single(label: str, node: Checked, rules: tuple[Constraint, ...]) -> Check:
    """An object; `rules` are this element's own (its reference targets, its binding)."""

    def check(member: Any, owner: dict[str, Any], path: Path, context: Context) -> None:
        place = (path, label, -1)
        node.check(member, place, context)
        if rules and type(member) is dict:
            for rule in rules:
                rule(member, place, context)

    return check


def repeated(label: str, node: Checked, rules: tuple[Constraint, ...]) -> Check:
    """An array of objects."""

    def check(member: Any, owner: dict[str, Any], path: Path, context: Context) -> None:
        if type(member) is not list or not member:
            context.report(EMPTY_ARRAY if member == [] else NOT_AN_ARRAY, (path, label, -1))
            return
        for index, item in enumerate(member):
            place = (path, label, index)
            node.check(item, place, context)
            if rules and type(item) is dict:
                for rule in rules:
                    rule(item, place, context)

    return check


def repeated_primitive(name: str, label: str, accept: Accept) -> Check:
    """An array of primitive values; null stands where only the `_` companion has something to say."""

    def check(member: Any, owner: dict[str, Any], path: Path, context: Context) -> None:
        if type(member) is not list or not member:
            context.report(EMPTY_ARRAY if member == [] else NOT_AN_ARRAY, (path, label, -1))
            return
        for index, item in enumerate(member):
            fault = accept(item) if item is not None else null_without_companion("_" + name, index, owner)
            if fault is not None:
                context.report(fault, (path, label, index))

    return check
