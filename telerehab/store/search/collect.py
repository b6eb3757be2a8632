"""Collecting: all matches are gathered first, then put in order; for searches that few rows meet."""

from __future__ import annotations

from collections.abc import Sequence

from telerehab.fhir.search.predicate import HasToken, InCompartment, Predicate
from telerehab.fhir.search.query import SortKey
from telerehab.store.search.condition import condition, leads, rids
from telerehab.store.search.order import Order, Position, source
from telerehab.store.search.statement import Statement


def collect(
    where: Sequence[Predicate],
    leader: Predicate | None,
    order: Order,
    position: Position | None,
    limit: int,
    sql: Statement,
    *,
    without: SortKey | None = None,
) -> str:
    """A query for rid, k1 … of the first `limit` matches after `position`; only those `without` a value, if given.

    The order stays outside of what gathers them: no LIMIT may tempt the planner to walk instead.
    """
    return (
        f"WITH found AS MATERIALIZED (SELECT r.rid{order.values(sql)} FROM resource r"
        f" WHERE {matching(where, leader, sql)}{_lacking(without, sql)})"
        f" SELECT {order.columns('f')} FROM found f"
        f" WHERE {order.after(position, 'f', sql)}"
        f" ORDER BY {order.by('f')} LIMIT {sql.value(limit, 'bigint')}"
    )


def matching(where: Sequence[Predicate], leader: Predicate | None, sql: Statement) -> str:
    """The condition on `r` to match; `leader`'s rows are looked up first, by an index of its own."""
    conditions = [sql.candidates()]
    for predicate in where:
        if predicate is leader and _needs_lead(predicate):
            conditions.append(f"r.rid = ANY (ARRAY({rids(predicate, sql)}))")
        else:
            conditions.append(f"({condition(predicate, sql)})")
    return " AND ".join(conditions)


def _needs_lead(predicate: Predicate) -> bool:
    """Columns of the resource lead by themselves: the planner finds their index."""
    return leads(predicate) and not isinstance(predicate, HasToken | InCompartment)


def _lacking(key: SortKey | None, sql: Statement) -> str:
    if key is None:
        return ""
    parameter = sql.value(key.parameter, "bigint")
    return f" AND NOT EXISTS (SELECT FROM {source(key).table} s WHERE s.rid = r.rid AND s.parameter = {parameter})"
