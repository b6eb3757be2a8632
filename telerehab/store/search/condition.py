"""Predicates as SQL: each kind by its own file, put together here.

Within a link `r` is the resource at its other side, under the same access.

Rows of side tables are asked with EXISTS, so that a negation is the complement over resources: those without a value
are in it.
"""

from __future__ import annotations

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
    ReferredBy,
    Refers,
    RefersTo,
    StringContains,
    StringEquals,
    StringStarts,
    TypeIn,
)
from telerehab.store.search.columns import column_condition
from telerehab.store.search.dates import date_condition
from telerehab.store.search.numbers import number_condition
from telerehab.store.search.references import linked_condition, reference_condition
from telerehab.store.search.statement import Statement
from telerehab.store.search.strings import string_condition


def condition(predicate: Predicate, sql: Statement) -> str:
    """The predicate as a condition on `r`."""
    match predicate:
        case All(of):
            return " AND ".join(f"({condition(each, sql)})" for each in of) or "true"
        case AnyOf(of):
            return " OR ".join(f"({condition(each, sql)})" for each in of) or "false"
        case Not(of):
            return f"NOT ({condition(of, sql)})"
        case HasToken() | IdIn() | TypeIn() | InCompartment() | LastUpdated():
            return column_condition(predicate, sql)
        case Refers() | ReferredBy():
            inner = sql.within(predicate.type)
            return linked_condition(
                predicate, f"{inner.candidates()} AND ({condition(predicate.of, inner)})", sql
            )
        case InHierarchy():
            raise ValueError("a hierarchy is resolved before it is asked")
    table, on_side_row = side_rows(predicate, sql)
    # OFFSET keeps the planner from joining the whole side table where only a few rows will be asked.
    fence = " OFFSET 0" if sql.walking else ""
    return f"EXISTS (SELECT FROM {table} s WHERE s.rid = r.rid AND {on_side_row}{fence})"


def leads(predicate: Predicate) -> bool:
    """Whether an index of its own finds the rows that meet the predicate."""
    if isinstance(predicate, AnyOf):
        return bool(predicate.of) and all(leads(each) for each in predicate.of)
    return not isinstance(predicate, All | Not | Refers | ReferredBy | InHierarchy)


def rids(predicate: Predicate, sql: Statement) -> str:
    """A query for the rids of the rows that meet a predicate that `leads`; some twice, some not to be shown."""
    match predicate:
        case AnyOf(of):
            return " UNION ALL ".join(rids(each, sql) for each in of)
        case All() | Not() | Refers() | ReferredBy() | InHierarchy():
            raise ValueError("no index leads to a conjunction, a negation or a link as a whole")
        case HasToken() | InCompartment():
            return f"SELECT r.rid FROM resource r WHERE {column_condition(predicate, sql)}"
        case IdIn() | TypeIn() | LastUpdated():
            return f"SELECT r.rid FROM resource r WHERE {sql.candidates()} AND {column_condition(predicate, sql)}"
    table, on_side_row = side_rows(predicate, sql)
    return f"SELECT s.rid FROM {table} s WHERE {on_side_row}"


def side_rows(
    predicate: DateCompare | NumberCompare | RefersTo | StringStarts | StringContains | StringEquals,
    sql: Statement,
) -> tuple[str, str]:
    """The side table a predicate asks, and the condition on its row (alias `s`)."""
    match predicate:
        case DateCompare():
            return "search_date", date_condition(predicate, sql)
        case NumberCompare():
            return "search_number", number_condition(predicate, sql)
        case RefersTo():
            return "search_reference", reference_condition(predicate, sql)
        case _:
            return "search_string", string_condition(predicate, sql)
