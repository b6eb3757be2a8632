"""Matching: predicates evaluated on index rows in memory, for subscriptions, scopes, and as the measure of the SQL.

https://hl7.org/fhir/R4/search.html#prefix
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from telerehab.fhir.search.predicate import (
    All,
    AnyOf,
    DateCompare,
    HasToken,
    IdIn,
    InCompartment,
    InHierarchy,
    LastUpdated,
    Not,
    NumberCompare,
    Predicate,
    Prefix,
    ReferredBy,
    Refers,
    RefersTo,
    StringContains,
    StringEquals,
    StringStarts,
    TypeIn,
    links,
)
from telerehab.fhir.search.refusal import not_in_memory
from telerehab.fhir.search.rows import IndexRows, NumberRow

_INSTANT = timedelta(milliseconds=1)


def matches(predicate: Predicate, rows: IndexRows, last_updated: datetime | None = None) -> bool:
    """Whether the resource with these rows meets the predicate; without `last_updated` no `LastUpdated` does.

    Raises FhirError 400 not-supported for a `Link` (chain, `_has`, hierarchy): `in_memory` says so beforehand.
    """
    match predicate:
        case All(of):
            return all(matches(each, rows, last_updated) for each in of)
        case AnyOf(of):
            return any(matches(each, rows, last_updated) for each in of)
        case Not(of):
            return not matches(of, rows, last_updated)
        case HasToken(tokens):
            return not set(tokens).isdisjoint(rows.tokens)
        case DateCompare(parameter, prefix, lo, hi):
            return any(
                _RANGES[prefix](row.lo, row.hi, lo, hi) for row in rows.dates if row.parameter == parameter
            )
        case LastUpdated(prefix, lo, hi):
            return last_updated is not None and _RANGES[prefix](last_updated, last_updated + _INSTANT, lo, hi)
        case StringStarts(parameter, text):
            return any(row.normalised.startswith(text) for row in rows.strings if row.parameter == parameter)
        case StringContains(parameter, text):
            return any(
                text in row.normalised for row in rows.strings if row.parameter == parameter and row.exact
            )
        case StringEquals(parameter, text):
            return any(text == row.exact for row in rows.strings if row.parameter == parameter and row.exact)
        case NumberCompare():
            return any(
                _number(predicate, row) for row in rows.numbers if row.parameter == predicate.parameter
            )
        case IdIn(ids):
            return rows.id in ids
        case TypeIn(types):
            return rows.type in types
        case InCompartment(patients):
            return not set(patients).isdisjoint(rows.patients)
        case RefersTo(parameters, type_, ids):
            return any(
                row.target_type == type_ and row.parameter in parameters and row.target_id in ids
                for row in rows.references
            )
        case Refers() | ReferredBy() | InHierarchy():
            raise not_in_memory()


def in_memory(predicate: Predicate) -> bool:
    """Whether a resource's own rows tell whether it meets the predicate."""
    return not links(predicate)


def _contains(t_lo: Any, t_hi: Any, lo: Any, hi: Any) -> bool:
    return bool(lo <= t_lo and t_hi <= hi)


# Target and search value as half-open ranges.
_RANGES: dict[Prefix, Callable[[Any, Any, Any, Any], bool]] = {
    Prefix.eq: _contains,
    Prefix.ne: lambda t_lo, t_hi, lo, hi: not _contains(t_lo, t_hi, lo, hi),
    Prefix.gt: lambda t_lo, t_hi, lo, hi: t_hi > hi,
    Prefix.lt: lambda t_lo, t_hi, lo, hi: t_lo < lo,
    Prefix.ge: lambda t_lo, t_hi, lo, hi: t_hi > hi or _contains(t_lo, t_hi, lo, hi),
    Prefix.le: lambda t_lo, t_hi, lo, hi: t_lo < lo or _contains(t_lo, t_hi, lo, hi),
    Prefix.sa: lambda t_lo, t_hi, lo, hi: t_lo >= hi,
    Prefix.eb: lambda t_lo, t_hi, lo, hi: t_hi <= lo,
    Prefix.ap: lambda t_lo, t_hi, lo, hi: t_lo < hi and t_hi > lo,
}


def _number(wanted: NumberCompare, row: NumberRow) -> bool:
    if wanted.system is not None and row.system != wanted.system:
        return False
    if wanted.code is not None and row.code != wanted.code:
        shown = wanted.system is None and row.unit == wanted.code
        if not shown:
            return False
    return _compare(wanted, row)


def _compare(wanted: NumberCompare, row: NumberRow) -> bool:
    within = wanted.lo <= row.lo and row.hi < wanted.hi
    match wanted.prefix:
        case Prefix.eq:
            return within
        case Prefix.ne:
            return not within
        case Prefix.gt:
            return row.hi > wanted.value
        case Prefix.ge:
            return row.hi >= wanted.value
        case Prefix.sa:
            return row.lo > wanted.value
        case Prefix.lt:
            return row.lo < wanted.value
        case Prefix.le:
            return row.lo <= wanted.value
        case Prefix.eb:
            return row.hi < wanted.value
        case Prefix.ap:
            return row.lo < wanted.hi and row.hi >= wanted.lo
