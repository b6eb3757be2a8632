"""One value of a kind out of a collection, as operators and functions want it.

https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.values import Collection, system

MAX_TEXT = 1024 * 1024
MOST = 10**60


def single(items: Collection) -> Any:
    """The FHIRPath value of the only item, None for an empty collection; raises FhirPathError for several."""
    if not items:
        return None
    if len(items) > 1:
        raise FhirPathError("a single item was expected, there are several")
    return system(items[0])


def truth(items: Collection) -> bool | None:
    """A condition's answer; a single item that is no boolean counts as true. Raises FhirPathError for several."""
    value = single(items)
    return value if value is None or type(value) is bool else True


def measured(value: Any) -> Any:
    """What was computed, if it is of a size that resources have; raises FhirPathError for a value without measure."""
    if type(value) is str and len(value) > MAX_TEXT:
        raise FhirPathError("a string that long is not computed")
    if type(value) is int and not -MOST <= value <= MOST:
        raise FhirPathError("a number that great is not computed")
    return value


def text(items: Collection) -> str | None:
    """The only item as a string, None for none; raises FhirPathError for another type."""
    value = single(items)
    if value is None or type(value) is str:
        return value
    raise FhirPathError("a string was expected")


def number(items: Collection) -> int | Decimal | None:
    """The only item as a number, None for none; raises FhirPathError for another type."""
    value = single(items)
    if value is None or (isinstance(value, int | Decimal) and type(value) is not bool):
        return value
    raise FhirPathError("a number was expected")


def whole(items: Collection) -> int | None:
    """The only item as an integer, None for none; raises FhirPathError for another type."""
    value = number(items)
    if value is None or type(value) is int:
        return value
    raise FhirPathError("an integer was expected")
