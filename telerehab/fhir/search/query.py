"""Query: a search as understood, ready for the store.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from telerehab.fhir.search.predicate import EVERYTHING, Predicate

DEFAULT_COUNT = 20
MAX_COUNT = 1000

Total = Literal["none", "estimate", "accurate"]
Summary = Literal["true", "text", "data", "count", "false"]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of `_sort`; `by` names the column or the rows to order by, resources without a value come last.

    `parameter` is the rows' hash (0 for id and last_updated). Ascending takes a resource's smallest value
    (`lo`, `normalised`), descending its greatest (`hi`, `normalised`).
    """

    by: Literal["id", "last_updated", "date", "string", "number"]
    parameter: int = 0
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` and `_revinclude`: follow `ReferenceRow`s of `parameters` (hashes) from `source_type`.

    `target_type` narrows what is referred to (None: any).
    `iterate` also applies it to what other includes bring.
    """

    source_type: str
    parameters: tuple[int, ...]
    target_type: str | None = None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A type-level search.

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
