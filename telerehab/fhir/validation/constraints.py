"""The invariants of the definitions as checks: FHIRPath, but for those that are written by hand.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from telerehab.fhir.definitions import structures
from telerehab.fhir.definitions.structures import ElementDefinition
from telerehab.fhir.validation.bundles import full_url
from telerehab.fhir.validation.context import Constraint
from telerehab.fhir.validation.extensions import value_or_nested
from telerehab.fhir.validation.invariants import invariant
from telerehab.fhir.validation.quantities import no_comparator

BY_HAND: dict[str, Constraint] = {
    "bdl-8": full_url,
    "ext-1": value_or_nested,
    "sqty-1": no_comparator,
}
ELSEWHERE = frozenset({"ele-1", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5", "txt-1", "txt-2"})
"""Written by hand too, because they span elements or belong to a primitive: ele-1 in node, ref-1 in references,
dom-2 to dom-5 in contained, txt-1 and txt-2 in narrative."""


def constraints_of(
    element: ElementDefinition,
    type_: str,
    *,
    severity: Literal["error", "warning"],
    beyond: Iterable[str] = (),
    member: str = "",
) -> tuple[Constraint, ...]:
    """The checks of an element's invariants, except those `beyond` which its type checks itself.

    They are asked of objects of `type_`; with `member`, of that primitive in them.
    """
    passed = ELSEWHERE.union(beyond)
    return tuple(
        _check(constraint, type_, member)
        for constraint in element.get("constraint", ())
        if constraint["severity"] == severity and constraint["key"] not in passed
    )


def _check(constraint: structures.Constraint, type_: str, member: str) -> Constraint:
    return BY_HAND.get(constraint["key"]) or invariant(constraint, type_, member)
