"""A compiled object type: a table from member name to check, and the walk over an object's members.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from telerehab.fhir.validation.choices import Choice, check_choices, wrong_type
from telerehab.fhir.validation.context import (
    EMPTY_OBJECT,
    MISSING,
    NO_CONTENT,
    NOT_AN_OBJECT,
    NOT_SINGLE,
    NULL,
    UNKNOWN,
    Accept,
    Check,
    Constraint,
    Context,
    Fault,
    Path,
    member_path,
)


class Element(NamedTuple):
    """One member: a primitive that does not repeat has `accept`, every other one `check`; `label` is its FHIRPath."""

    label: str
    accept: Accept | None
    check: Check | None


class Table(NamedTuple):
    """What an object may and must hold: `required` are triples: member, its `_` form, label; `advice` is no must."""

    elements: dict[str, Element]
    required: tuple[tuple[str, str, str], ...]
    choices: tuple[Choice, ...]
    constraints: tuple[Constraint, ...]
    advice: tuple[Constraint, ...]


class Node:
    """A type (or a backbone element) whose table is compiled when an object of it is first met.

    `needs_content` is ele-1 for objects: an id alone is not enough (beside a primitive's value it is).
    """

    __slots__ = ("_compile", "_needs_content", "_table")

    def __init__(self, compile_table: Callable[[], Table], *, needs_content: bool = True) -> None:
        self._compile = compile_table
        self._needs_content = needs_content
        self._table: Table | None = None

    def check(self, value: Any, path: Path, context: Context) -> None:
        """Report every fault of the object at `path`, itself and all below it."""
        if type(value) is not dict:
            context.report(_misplaced(value) or NOT_AN_OBJECT, path)
            return
        table = self._table
        if table is None:
            table = self._table = self._compile()
        elements, required, choices, constraints, advice = table
        for name, member in value.items():
            element = elements.get(name)
            if element is None:
                _report_unknown(name, choices, path, context)
                continue
            label, accept, check = element
            if accept is not None:
                found = accept(member)
                if found is not None:
                    context.report(_misplaced(member) or found, (path, label, -1))
            else:
                check(member, value, path, context)  # type: ignore[misc]
        for name, companion, label in required:
            if name not in value and companion not in value:
                context.report(MISSING, (path, label, -1))
                constraints = ()  # they take for granted what is required
        if choices:
            check_choices(choices, value, path, context)
        for constraint in constraints:
            constraint(value, path, context)
        if advice and context.advises:
            for constraint in advice:
                constraint(value, path, context)
        if len(value) < 2:
            self._check_content(value, path, context)

    def _check_content(self, value: dict[str, Any], path: Path, context: Context) -> None:
        if not value:
            context.report(EMPTY_OBJECT, path)
        elif "id" in value and self._needs_content:
            context.report(NO_CONTENT, path)


def _misplaced(value: Any) -> Fault | None:
    return NULL if value is None else NOT_SINGLE if type(value) is list else None


def _report_unknown(name: str, choices: tuple[Choice, ...], path: Path, context: Context) -> None:
    wrong = wrong_type(choices, name)
    if wrong is None:
        context.report(UNKNOWN, member_path(path, name))
    else:
        context.report(wrong[1], (path, wrong[0], -1))
