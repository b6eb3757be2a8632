"""Date predicates as conditions on `search_date` (alias `s`).

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

from telerehab.fhir.search.predicate import DateCompare, Prefix
from telerehab.store.search.statement import Statement


def date_condition(predicate: DateCompare, sql: Statement) -> str:
    """The relation as `DateCompare` defines it, with `lo <= hi` of each row put to use for the index."""
    parameter = sql.value(predicate.parameter, "bigint")
    lo, hi = sql.value(predicate.lo, "timestamptz"), sql.value(predicate.hi, "timestamptz")
    within = f"s.lo >= {lo} AND s.lo <= {hi} AND s.hi <= {hi}"
    match predicate.prefix:
        case Prefix.eq:
            relation = within
        case Prefix.ne:
            relation = f"NOT ({within})"
        case Prefix.gt:
            relation = f"s.hi > {hi}"
        case Prefix.lt:
            relation = f"s.lo < {lo}"
        case Prefix.ge:  # s.hi > hi, or within
            relation = f"s.hi >= {lo} AND (s.hi > {hi} OR s.lo >= {lo})"
        case Prefix.le:  # s.lo < lo, or within
            relation = f"s.lo <= {hi} AND (s.lo < {lo} OR s.hi <= {hi})"
        case Prefix.sa:
            relation = f"s.lo >= {hi}"
        case Prefix.eb:
            relation = f"s.hi <= {lo}"
        case Prefix.ap:
            relation = f"s.lo < {hi} AND s.hi > {lo}"
    return f"s.parameter = {parameter} AND {relation}"
