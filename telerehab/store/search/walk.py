"""Walking: rows in the order asked for, until enough of them match; for searches that many rows meet."""

from __future__ import annotations

from collections.abc import Sequence

from telerehab.fhir.search.predicate import Predicate
from telerehab.fhir.search.query import SortKey
from telerehab.store.search.condition import condition
from telerehab.store.search.order import Order, Position, source
from telerehab.store.search.statement import Statement

_ROW = "r.rid, r.type, r.id, r.last_updated, r.deleted, r.patients, r.tok"


def walkable(order: Order, position: Position | None, sql: Statement) -> bool:
    """Whether an index has the rows in this order, from `position` on."""
    if not order.keys:
        return True
    if not order.is_indexed:
        return False
    if position is not None and position.keys[0] is None:
        return False
    return order.side_key is not None or sql.type is not None


def walk(
    where: Sequence[Predicate],
    window: int,
    order: Order,
    position: Position | None,
    limit: int,
    sql: Statement,
) -> str:
    """A query for rid, k1 … of the first `limit` matches after `position` among the next `window` rows (0: all).

    With a first key from a side table it sees only resources that have a value for it. Fewer than `limit` rows say
    nothing about what comes after the window.
    """
    sql.walking = True
    key = order.side_key
    rows = _side_walk(key, window, order, position, sql) if key else _row_walk(window, order, position, sql)
    conditions = [sql.candidates(), *(f"({condition(each, sql)})" for each in where)]
    if key:
        conditions.append(_first_of_its_resource(key, sql))
    values = _values(order, sql)
    return (
        f"SELECT {order.columns('c')}"
        f" FROM (SELECT r.rid, r.type{values} FROM {rows} WHERE {' AND '.join(conditions)}) c"
        f" WHERE {order.after(position, 'c', sql)}"
        f" ORDER BY {_by(order, sql)} LIMIT {sql.value(limit, 'bigint')}"
    )


def _by(order: Order, sql: Statement) -> str:
    """The order, written as the index has it that is walked."""
    typed = f"c.type {_direction(order)}, " if not order.keys and sql.type is not None else ""
    return typed + order.by("c", first_is_there=True)


def _row_walk(window: int, order: Order, position: Position | None, sql: Statement) -> str:
    """The next resources by rid, id or lastUpdated."""
    if not order.keys:
        bound = _typed_rid(order, position, sql) if sql.type is not None else _rid(order, position, sql)
        by = "r.type {0}, r.rid {0}" if sql.type is not None else "r.rid {0}"
        return (
            f"(SELECT {_ROW} FROM resource r WHERE {bound} ORDER BY {by.format(_direction(order))}"
            f" LIMIT {sql.value(window or None, 'bigint')} OFFSET 0) r"
        )
    where = source(order.keys[0])
    bound = f"r.type = {sql.value(sql.type, 'text')}"
    if position is not None:
        bound += f" AND {where.column} {_or_later(order)} {sql.value(position.keys[0], 'text')}::{where.type}"
    return (
        f"(SELECT {_ROW} FROM resource r WHERE {bound}"
        f" ORDER BY {where.column} {_direction(order)}{_first(window, sql)}) r"
    )


def _rid(order: Order, position: Position | None, sql: Statement) -> str:
    return f"r.rid {_later(order)} {sql.value(position.rid, 'bigint')}" if position is not None else "true"


def _typed_rid(order: Order, position: Position | None, sql: Statement) -> str:
    """The rows of the type after `position`, as a range of the index on (type, rid).

    With `type = …` the planner would walk the primary key instead, through all newer rows of other types.
    """
    type_ = sql.value(sql.type, "text")
    if position is None:
        return f"r.type >= {type_} AND r.type <= {type_}"
    other_end = ">=" if order.rid_descending else "<="
    after = f"(r.type, r.rid) {_later(order)} ({type_}, {sql.value(position.rid, 'bigint')})"
    return f"{after} AND r.type {other_end} {type_}"


def _side_walk(key: SortKey, window: int, order: Order, position: Position | None, sql: Statement) -> str:
    """The next rows of a side table by their value, with their resources."""
    where = source(key)
    bound = "true"
    if position is not None:
        bound = f"{where.column} {_or_later(order)} {sql.value(position.keys[0], 'text')}::{where.type}"
    return (
        f"(SELECT s.rid, {where.column} AS k1, s.ctid AS place FROM {where.table} s"
        f" WHERE s.parameter = {sql.value(key.parameter, 'bigint')} AND {bound}"
        f" ORDER BY {where.column} {_direction(order)}{_first(window, sql)}) w"
        " JOIN resource r ON r.rid = w.rid"
    )


def _first_of_its_resource(key: SortKey, sql: Statement) -> str:
    """That no other value of the resource comes earlier, nor an equal one: each resource comes once."""
    where = source(key)
    earlier = f"{where.column} {'>' if key.descending else '<'} w.k1"
    return (
        f"NOT EXISTS (SELECT FROM {where.table} s WHERE s.rid = r.rid"
        f" AND s.parameter = {sql.value(key.parameter, 'bigint')}"
        f" AND ({earlier} OR ({where.column} = w.k1 AND s.ctid < w.place)) OFFSET 0)"
    )


def _values(order: Order, sql: Statement) -> str:
    if not order.side_key:
        return order.values(sql)
    further = (f", {order.value(key, sql)} AS k{i}" for i, key in enumerate(order.keys[1:], 2))
    return ", w.k1" + "".join(further)


def _first(window: int, sql: Statement) -> str:
    """Ties are kept together, so that further keys can order them."""
    return f" FETCH FIRST ({sql.value(window, 'bigint')}) ROWS WITH TIES" if window else ""


def _direction(order: Order) -> str:
    return "DESC" if order.rid_descending else "ASC"


def _later(order: Order) -> str:
    return "<" if order.rid_descending else ">"


def _or_later(order: Order) -> str:
    return "<=" if order.rid_descending else ">="
