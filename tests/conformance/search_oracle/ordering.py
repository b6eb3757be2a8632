"""The keys resources are ordered by: the smallest of several values, the greatest when descending.

https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from typing import Any

from tests.conformance.search_oracle.definitions import Element, search_parameters
from tests.conformance.search_oracle.meaning import Meaning, codes, fold, texts
from tests.conformance.search_oracle.ranges import numbers_of, times_of


def order(meaning: Meaning, name: str, by: str) -> Any:
    """What a resource is ordered by; None without a value."""
    code, descending = by.removeprefix("-"), by.startswith("-")
    kind = search_parameters(name.partition("/")[0])[code]["type"]
    keys = [key for element in meaning.elements(name, code) for key in _keys(element, kind, descending)]
    if not keys:
        return None
    return max(keys) if descending else min(keys)


def _keys(element: Element, kind: str, descending: bool) -> list[Any]:
    match kind:
        case "date":
            return [times_of(element)[descending]]
        case "number" | "quantity":
            return [numbers_of(element)[descending]]
        case "string":
            return [fold(text).encode() for text in texts(element)]
        case "uri":
            return [element.value]
    return [code for _, code in codes(element) if code]
