"""Random predicates out of the values that are stored, so that they hit, miss and hit just beside."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from telerehab.fhir.search.predicate import (
    All,
    AnyOf,
    DateCompare,
    HasToken,
    IdIn,
    InCompartment,
    LastUpdated,
    Not,
    NumberCompare,
    Predicate,
    Prefix,
    StringContains,
    StringEquals,
    StringStarts,
    TypeIn,
)
from telerehab.fhir.search.rows import BEGINNING, END_OF_TIME
from tests.telerehab.store.search.conftest import Corpus

PREFIXES = st.sampled_from(list(Prefix))
SHIFTS = st.sampled_from(
    [timedelta(), timedelta(), timedelta(milliseconds=1), timedelta(days=-1), timedelta(days=40)]
)


@st.composite
def leaves(draw: st.DrawFn, corpus: Corpus, type_: str, *, with_last_updated: bool = True) -> Predicate:
    """One predicate about what some resource of the type has."""
    stored = corpus.of_type(type_)
    each = stored[draw(st.integers(0, len(stored) - 1))]
    rows = each.rows
    kinds = ["id", "type"] + ["last_updated"] * with_last_updated
    kinds += [
        kind
        for kind in ("tokens", "dates", "strings", "numbers", "patients")
        if getattr(rows, kind)
        for _ in range(3)
    ]
    match draw(st.sampled_from(kinds)):
        case "tokens":
            return HasToken(tuple(draw(st.lists(st.sampled_from(rows.tokens), min_size=1, max_size=3))))
        case "dates":
            date = draw(st.sampled_from(rows.dates))
            shift = draw(SHIFTS)
            lo = date.lo if date.lo == BEGINNING else date.lo + shift
            hi = date.hi if date.hi == END_OF_TIME else max(date.hi + draw(SHIFTS), lo)
            return DateCompare(date.parameter, draw(PREFIXES), lo, hi)
        case "strings":
            return draw(_strings(rows))
        case "numbers":
            return draw(_numbers(rows))
        case "patients":
            return InCompartment(
                tuple(draw(st.lists(st.sampled_from(rows.patients), min_size=1, max_size=2)))
            )
        case "last_updated":
            lo = each.last_updated + draw(st.sampled_from([timedelta(), timedelta(milliseconds=-1)]))
            width = draw(st.sampled_from([timedelta(milliseconds=1), timedelta(milliseconds=200)]))
            return LastUpdated(draw(PREFIXES), lo, lo + width)
        case "type":
            return TypeIn((draw(st.sampled_from([rows.type, "Basic"])),))
    others = draw(st.lists(st.integers(0, len(stored) - 1), max_size=3))
    return IdIn((rows.id, *(stored[other].rows.id for other in others)))


@st.composite
def _strings(draw: st.DrawFn, rows: object) -> Predicate:
    row = draw(st.sampled_from(rows.strings))  # type: ignore[attr-defined]
    match draw(st.sampled_from(["starts", "contains", "equals"])):
        case "starts":
            length = draw(st.sampled_from([1, 3, 99, 100, 101, 150]))
            return StringStarts(row.parameter, row.normalised[:length])
        case "contains":
            start = draw(st.integers(0, max(0, len(row.normalised) - 3)))
            return StringContains(row.parameter, row.normalised[start : start + 5])
    return StringEquals(row.parameter, draw(st.sampled_from([row.exact, row.exact.upper()])))


@st.composite
def _numbers(draw: st.DrawFn, rows: object) -> Predicate:
    row = draw(st.sampled_from(rows.numbers))  # type: ignore[attr-defined]
    ends = [end for end in (row.lo, row.hi) if end.is_finite()] or [Decimal(1)]
    value = draw(st.sampled_from(ends)) + draw(st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(-3)]))
    margin = draw(st.sampled_from([Decimal("0.05"), Decimal(5)]))
    unit = draw(
        st.sampled_from(
            [(None, None), (row.system, row.code), (None, row.code), (None, row.unit), (row.system, None)]
        )
    )
    return NumberCompare(row.parameter, draw(PREFIXES), value, value - margin, value + margin, *unit)


def predicates(corpus: Corpus, type_: str, *, with_last_updated: bool = True) -> st.SearchStrategy[Predicate]:
    """Leaves, their negations, and conjunctions and disjunctions of these."""
    return st.recursive(
        leaves(corpus, type_, with_last_updated=with_last_updated),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(All, st.lists(inner, max_size=3).map(tuple)),
            st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        ),
        max_leaves=4,
    )
