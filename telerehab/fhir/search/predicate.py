"""Predicates: what a search asks of a resource's index rows, between the query's syntax and the store's SQL.

https://hl7.org/fhir/R4/search.html#prefix
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class Prefix(StrEnum):
    """How a range in the resource, the target T, relates to that of the search value, S."""

    eq = "eq"  # S contains T
    ne = "ne"  # S does not contain T
    gt = "gt"  # T reaches above S
    lt = "lt"  # T reaches below S
    ge = "ge"  # gt or eq
    le = "le"  # lt or eq
    sa = "sa"  # T starts after S ends
    eb = "eb"  # T ends before S starts
    ap = "ap"  # T overlaps S, which the parser has widened


@dataclass(frozen=True, slots=True)
class All:
    """Every one of `of`; without any, true."""

    of: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of `of`; without any, false."""

    of: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The complement over resources: those without any value are in it."""

    of: Predicate


@dataclass(frozen=True, slots=True)
class HasToken:
    """`tokens && any_of`: tokens, references, uris, and (a token each) that a parameter has a value."""

    any_of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DateCompare:
    """Some date row of `parameter` stands in relation `prefix` to [lo, hi).

    With half-open ranges: eq `lo <= row.lo and row.hi <= hi`; ne its negation, a row; gt `row.hi > hi`;
    lt `row.lo < lo`; ge gt or eq; le lt or eq; sa `row.lo >= hi`; eb `row.hi <= lo`;
    ap `row.lo < hi and row.hi > lo`.
    """

    parameter: int
    prefix: Prefix
    lo: datetime
    hi: datetime


@dataclass(frozen=True, slots=True)
class LastUpdated:
    """`DateCompare` on meta.lastUpdated, an instant t that covers [t, t + 1 ms)."""

    prefix: Prefix
    lo: datetime
    hi: datetime


@dataclass(frozen=True, slots=True)
class StringStarts:
    """Some string row's `normalised` starts with `text` (already folded)."""

    parameter: int
    text: str


@dataclass(frozen=True, slots=True)
class StringContains:
    """Some string row's `normalised` contains `text` (already folded); the texts of codes are not asked."""

    parameter: int
    text: str


@dataclass(frozen=True, slots=True)
class StringEquals:
    """Some string row's `exact` is `text`."""

    parameter: int
    text: str


@dataclass(frozen=True, slots=True)
class NumberCompare:
    """Some number row of `parameter`, in the unit if one is given, stands in relation `prefix` to the number.

    `value` is the number as asked, [lo, hi) what its digits cover. eq `lo <= row.lo and row.hi < hi`; ne its
    negation, a row; gt and sa compare with `value` exactly: gt `row.hi > value`, sa `row.lo > value`, ge
    `row.hi >= value`; lt, eb, le likewise; ap `row.lo < hi and row.hi >= lo`.
    Unit: with `system`, `row.system` is it and `row.code` is `code` if given; with `code` alone, `row.code` or
    `row.unit` is it; with neither, any.
    """

    parameter: int
    prefix: Prefix
    value: Decimal
    lo: Decimal
    hi: Decimal
    system: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class IdIn:
    """The resource's id is one of `ids`."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeIn:
    """The resource's type is one of `types`."""

    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InCompartment:
    """The resource is in the compartment of one of these patients (ids)."""

    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefersTo:
    """Some reference row of one of `parameters` leads to a resource of `type` with one of `ids`."""

    parameters: tuple[int, ...]
    type: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refers:
    """A chain: some reference under one of `keys` (of parameters) leads to a live resource of `type` that meets `of`.

    `asked` are the pairs that `of` was read from, for whoever owns the type. It cannot be told from index rows alone:
    the store turns it into a predicate that can, or asks both sides in one statement.
    """

    keys: tuple[str, ...]
    type: str
    of: Predicate
    asked: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReferredBy:
    """`_has`: some live resource of `type` that meets `of` refers here (to a `target`) by one of `parameters`.

    These are the hashes of the parameter `by`; `asked` is as with `Refers`.
    """

    type: str
    by: str
    parameters: tuple[int, ...]
    target: str
    of: Predicate
    asked: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class InHierarchy:
    """Some reference under one of `keys` leads to `type`/`id`, or to what is below (else above) it.

    What a resource is a part of is said by its parameter `part_of`.
    """

    keys: tuple[str, ...]
    type: str
    id: str
    part_of: str
    below: bool


Link: TypeAlias = Refers | ReferredBy | InHierarchy
"""What only other resources can tell."""

Predicate: TypeAlias = (
    All
    | AnyOf
    | Not
    | HasToken
    | DateCompare
    | LastUpdated
    | StringStarts
    | StringContains
    | StringEquals
    | NumberCompare
    | IdIn
    | TypeIn
    | InCompartment
    | RefersTo
    | Refers
    | ReferredBy
    | InHierarchy
)

EVERYTHING = All(())
NOTHING = AnyOf(())


def all_of(predicates: list[Predicate]) -> Predicate:
    """The conjunction, flat: a single predicate stays itself."""
    return predicates[0] if len(predicates) == 1 else All(tuple(predicates))


def any_of(predicates: list[Predicate]) -> Predicate:
    """The disjunction, flat; tokens come together in one `HasToken`, ids in one `IdIn`."""
    tokens = tuple(dict.fromkeys(t for p in predicates if isinstance(p, HasToken) for t in p.any_of))
    ids = tuple(dict.fromkeys(i for p in predicates if isinstance(p, IdIn) for i in p.ids))
    others = [p for p in predicates if not isinstance(p, HasToken | IdIn)]
    merged: list[Predicate] = [
        *([HasToken(tokens)] if tokens else []),
        *([IdIn(ids)] if ids else []),
        *others,
    ]
    return merged[0] if len(merged) == 1 else AnyOf(tuple(merged))


def links(predicate: Predicate) -> int:
    """How many links there are in a predicate, those inside of links too."""
    match predicate:
        case All(of) | AnyOf(of):
            return sum(links(each) for each in of)
        case Not(of):
            return links(of)
        case Refers() | ReferredBy():
            return 1 + links(predicate.of)
        case InHierarchy():
            return 1
    return 0
