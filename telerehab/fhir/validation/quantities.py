"""SimpleQuantity: a quantity that is exact, so without a comparator.

https://hl7.org/fhir/R4/datatypes.html#SimpleQuantity
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir.validation.context import Context, Fault, Path

SIMPLE_QUANTITY = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity"

_NO_COMPARATOR = Fault(
    "structure", "A comparator is not allowed here: the quantity is a SimpleQuantity (sqty-1)."
)


def no_comparator(quantity: dict[str, Any], path: Path, context: Context) -> None:
    """sqty-1: `comparator.empty()`."""
    if "comparator" in quantity or "_comparator" in quantity:
        context.report(_NO_COMPARATOR, (path, "comparator", -1))
