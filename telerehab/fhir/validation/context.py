"""Where a check stands and what it found: the path is a chain of tuples, written out only for a fault.

https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.expression
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from telerehab.fhir.outcome import Issue

MAX_ISSUES = 500
MAX_ADVICE = 100


Path = tuple["Path | None", str, int]
"""One step of a FHIRPath: the path above it, a name, and an index (-1: none). Plain tuples: one is made per element."""


def render(path: Path) -> str:
    """The path as FHIRPath: `Patient.contact[0].gender`."""
    steps: list[str] = []
    step: Path | None = path
    while step is not None:
        parent, name, index = step
        steps.append(name if index < 0 else f"{name}[{index}]")
        step = parent
    return ".".join(reversed(steps))


class Fault(NamedTuple):
    """What is wrong with one value: an issue-type code and a sentence that never repeats the value."""

    code: str
    diagnostics: str


class LocalReference(NamedTuple):
    """A reference to a contained resource (`#id`, without the `#`) and the types it may have (None: any)."""

    id: str
    targets: frozenset[str] | None
    path: Path


class TooManyIssues(Exception):
    """Enough is known to be wrong; the rest of the resource is not looked at."""


class Context:
    """The state of one validation: its issues, and what spans elements of the resource being walked."""

    __slots__ = (
        "_advised",
        "advises",
        "in_bundle",
        "issues",
        "local_references",
        "resource",
        "resources_at_hand",
        "root_resource",
    )

    def __init__(self, in_bundle: bool, *, advises: bool = False) -> None:
        self.issues: list[Issue] = []
        self.in_bundle = in_bundle
        self._advised = 0
        self.advises = advises
        """Whether best practice is looked at too."""
        self.resource: dict[str, Any] = {}
        """The resource being walked, and below the one that contains it."""
        self.root_resource: dict[str, Any] = {}
        self.resources_at_hand: dict[str, dict[str, Any]] = {}
        """The entries of the bundle being walked, by fullUrl and by Type/id."""
        self.local_references: list[LocalReference] = []

    def report(self, fault: Fault, path: Path, *, advice: bool = False) -> None:
        """Note a fault of the element at `path`; raises TooManyIssues when there is no point in going on."""
        if advice:
            self._advise(fault, path)
            return
        self.issues.append(Issue(fault.code, fault.diagnostics, render(path)))
        if len(self.issues) >= MAX_ISSUES + self._advised:
            raise TooManyIssues

    def _advise(self, fault: Fault, path: Path) -> None:
        """Note what is against best practice, up to a number: it must not crowd out faults."""
        if self._advised < MAX_ADVICE:
            self._advised += 1
            self.issues.append(Issue(fault.code, fault.diagnostics, render(path), "warning"))


Accept = Callable[[Any], Fault | None]
"""Judges a primitive value on its own."""

Check = Callable[[Any, dict[str, Any], Path, Context], None]
"""Checks an element: its value, the object it is a member of, the path of that object, the context."""

Constraint = Callable[[dict[str, Any], Path, Context], None]
"""Checks a rule about a whole object: the object, its path, the context."""

_ELEMENT_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9_-]{0,63}")


def member_path(parent: Path, name: str) -> Path:
    """The path of a member that FHIR may not know: a name that is no element name is not repeated."""
    return (parent, name, -1) if _ELEMENT_NAME.fullmatch(name) else parent


EMPTY_OBJECT = Fault("structure", "An object must not be empty.")
EMPTY_ARRAY = Fault("structure", "An array must not be empty; leave the element out.")
NOT_AN_OBJECT = Fault("structure", "Expected an object.")
NOT_AN_ARRAY = Fault("structure", "This element repeats: expected an array.")
NOT_SINGLE = Fault("structure", "This element does not repeat: expected a single value, not an array.")
NULL = Fault("structure", "null is not a value; leave the element out.")
UNKNOWN = Fault("structure", "No such element in FHIR R4 (4.0.1) here.")
MISSING = Fault("required", "This element is required.")
NO_CONTENT = Fault("invariant", "An element must have a value or children besides its id (ele-1).")
