"""Query: a search as understood, ready for the store.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from telerehab.fhir.search.predicate import EVERYTHING, Predicate

SYSTEM = ""
"""Stands for the type of a search over several."""
DEFAULT_COUNT = 20
MAX_COUNT = 1000

Total = Literal["none", "estimate", "accurate"]
Summary = Literal["true", "text", "data", "count", "false"]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of `_sort`; `by` names the column or the rows to order by, resources without a value come last.

    `parameter` is the rows' hash (0 for id and last_updated). Ascending takes a resource's smallest value
    (`lo`, `normalised`), descending its greatest (`hi`, `normalised`). By `reference` it is the text "Type/id";
    by `code`, the text at one of `elements` (names of members, from the resource on).
    """

    by: Literal["id", "last_updated", "date", "string", "number", "reference", "code"]
    parameter: int = 0
    descending: bool = False
    elements: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` and `_revinclude`: follow `ReferenceRow`s of `parameters` (hashes) from `source_type`.

    `source_type` None stands for any that has one of the parameters; `target_type` narrows what is referred to (None:
    any). `iterate` also applies it to what other includes bring.
    """

    source_type: str | None
    parameters: tuple[int, ...]
    target_type: str | None = None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A search: over one type, over all (`type` empty), in a compartment ("Practitioner/1") if one is named.

    `count` 0 asks for the total only. `understood` are the (name, value) pairs of the self link.
    `elements` is empty unless asked.
    """

    type: str
    where: Predicate = EVERYTHING
    sort: tuple[SortKey, ...] = ()
    count: int = DEFAULT_COUNT
    total: Total = "none"
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    summary: Summary = "false"
    elements: tuple[str, ...] = ()
    understood: tuple[tuple[str, str], ...] = ()
    compartment: str = ""
