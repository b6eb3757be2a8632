"""Date predicates as conditions on `search_date` (alias `s`).

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

from datetime import datetime

from telerehab.fhir.search.predicate import DateCompare, Prefix
from telerehab.store.search.statement import Statement


def date_condition(predicate: DateCompare, sql: Statement) -> str:
    """The relation as `DateCompare` defines it, with `lo <= hi` of each row put to use for the index."""
    parameter = sql.value(predicate.parameter, "bigint")
    return f"s.parameter = {parameter} AND {_relation(predicate, sql)}"


def _relation(predicate: DateCompare, sql: Statement) -> str:
    match predicate.prefix:
        case Prefix.gt:
            return f"s.hi > {_at(predicate.hi, sql)}"
        case Prefix.lt:
            return f"s.lo < {_at(predicate.lo, sql)}"
        case Prefix.sa:
            return f"s.lo >= {_at(predicate.hi, sql)}"
        case Prefix.eb:
            return f"s.hi <= {_at(predicate.lo, sql)}"
    lo, hi = _at(predicate.lo, sql), _at(predicate.hi, sql)
    within = f"s.lo >= {lo} AND s.lo <= {hi} AND s.hi <= {hi}"
    match predicate.prefix:
        case Prefix.ne:
            return f"NOT ({within})"
        case Prefix.ge:  # s.hi > hi, or within
            return f"s.hi >= {lo} AND (s.hi > {hi} OR s.lo >= {lo})"
        case Prefix.le:  # s.lo < lo, or within
            return f"s.lo <= {hi} AND (s.lo < {lo} OR s.hi <= {hi})"
        case Prefix.ap:
            return f"s.lo < {hi} AND s.hi > {lo}"
    return within


def _at(moment: datetime, sql: Statement) -> str:
    return sql.value(moment, "timestamptz")
