"""Search parameter types, a file each: how values become index rows and what a search value asks of them.

https://hl7.org/fhir/R4/search.html#ptypes
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Protocol

from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import Predicate
from telerehab.fhir.search.types import (
    composite,
    date,
    number,
    quantity,
    reference,
    special,
    string,
    token,
    uri,
)


class SearchType(Protocol):
    """What a file of this folder has."""

    @property
    def MODIFIERS(self) -> Set[str]:
        """The modifiers its `parse` knows (`missing` and `not` are the query's)."""

    @property
    def NOT(self) -> bool:
        """Whether `:not` makes sense."""

    def index(self, parameter: Parameter, path: Path, base: str) -> Sink | None:
        """A closure from an element of `path` to rows; None for elements that cannot be searched this way."""

    def parse(self, parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
        """What one value, still escaped, asks for. Raises `FhirError` where it is malformed."""


SEARCH_TYPES: Mapping[str, SearchType] = {
    "composite": composite,
    "date": date,
    "number": number,
    "quantity": quantity,
    "reference": reference,
    "special": special,
    "string": string,
    "token": token,
    "uri": uri,
}
