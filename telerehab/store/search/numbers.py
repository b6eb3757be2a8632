"""Number and quantity predicates as conditions on `search_number` (alias `s`).

https://hl7.org/fhir/R4/search.html#number
"""

from __future__ import annotations

from telerehab.fhir.search.predicate import NumberCompare, Prefix
from telerehab.store.search.statement import Statement


def number_condition(predicate: NumberCompare, sql: Statement) -> str:
    """The relation and the unit as `NumberCompare` defines them."""
    return " AND ".join(
        [
            f"s.parameter = {sql.value(predicate.parameter, 'bigint')}",
            *_unit(predicate, sql),
            _relation(predicate, sql),
        ]
    )


def _unit(predicate: NumberCompare, sql: Statement) -> list[str]:
    conditions = []
    if predicate.system is not None:
        conditions.append(f"s.system = {sql.value(predicate.system, 'text')}")
    if predicate.code is not None:
        code = sql.value(predicate.code, "text")
        shown = f" OR s.unit = {code}" if predicate.system is None else ""
        conditions.append(f"(s.code = {code}{shown})")
    return conditions


def _relation(predicate: NumberCompare, sql: Statement) -> str:
    match predicate.prefix:
        case Prefix.eq | Prefix.ne | Prefix.ap:
            lo, hi = sql.value(predicate.lo, "numeric"), sql.value(predicate.hi, "numeric")
            if predicate.prefix is Prefix.ap:
                return f"s.lo < {hi} AND s.hi >= {lo}"
            within = f"s.lo >= {lo} AND s.lo < {hi} AND s.hi < {hi}"
            return within if predicate.prefix is Prefix.eq else f"NOT ({within})"
        case prefix:
            bound, operator = _BOUNDS[prefix]
            return f"s.{bound} {operator} {sql.value(predicate.value, 'numeric')}"


_BOUNDS = {
    Prefix.gt: ("hi", ">"),
    Prefix.ge: ("hi", ">="),
    Prefix.sa: ("lo", ">"),
    Prefix.lt: ("lo", "<"),
    Prefix.le: ("lo", "<="),
    Prefix.eb: ("hi", "<"),
}
