"""The invariants that are checked, by key; a definition's other invariants are FHIRPath and are not evaluated here.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from collections.abc import Iterable

from telerehab.fhir.definitions.structures import ElementDefinition
from telerehab.fhir.validation.context import Constraint
from telerehab.fhir.validation.extensions import value_or_nested
from telerehab.fhir.validation.quantities import no_comparator

# Elsewhere, because they span elements or belong to a primitive: ele-1 (node), ref-1 (references),
# dom-2 to dom-5 (contained), txt-1 and txt-2 (narrative).
CONSTRAINTS: dict[str, Constraint] = {
    "ext-1": value_or_nested,
    "sqty-1": no_comparator,
}


def constraints_of(element: ElementDefinition, *, beyond: Iterable[str] = ()) -> tuple[Constraint, ...]:
    """The checks of an element's invariants, except those `beyond` which its type checks itself."""
    keys = {constraint["key"] for constraint in element.get("constraint", ())}.difference(beyond)
    return tuple(check for key, check in CONSTRAINTS.items() if key in keys)
