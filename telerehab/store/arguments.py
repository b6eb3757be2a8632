"""A write set as the arguments of `apply`: an array for each kind of row, sorted as they are locked.

As literals, which cost less Python than tuples do, that asyncpg encodes value by value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from telerehab.fhir import json
from telerehab.store.literal import rows_literal
from telerehab.write_set import AuditRow, Counter, RowWrite, WriteSet


class Lock(NamedTuple):
    """A row to lock with the version it must have; `row` is the number of the write it is for, 0 for a guard."""

    type: str
    id: str
    version: int
    row: int


_ARRAYS = {
    "counters": "counter_write",
    "locks": "lock_write",
    "rows": "row_write",
    "dates": "date_write",
    "strings": "string_write",
    "numbers": "number_write",
    "refs": "reference_write",
    "events": "outbox_write",
    "handled": "inbox_write",
    "trail": "audit_write",
    "aliases": "alias_write",
}
_counter = attrgetter("key", "expected", "bump")
_event = attrgetter("event_id", "topic", "key", "type", "subject", "payload", "traceparent", "cause", "depth")
_handled = attrgetter("event_id", "handler")
_alias = attrgetter("patient", "into", "version", "joined")
_audit = attrgetter(
    "request_id", "caller", "address", "action", "type", "id", "version", "patients", "outcome", "query"
)


def call(write_set: WriteSet, parameters: list[Any]) -> str:
    """The SQL that applies a write set; its values are added to `parameters`."""
    first = len(parameters) + 1
    parameters += _arrays(write_set)
    tables = sorted(write_set.side_rows)
    for table in tables:
        ids, rows = write_set.side_rows[table]
        parameters += ids, json.dump(rows).decode() if rows else None
    return _call(write_set.schema, tuple(tables), first)


def row_order(write_set: WriteSet) -> list[int]:
    """The places in `write_set.rows` in the order in which rows are locked."""
    rows = write_set.rows
    if len(rows) == 1:
        return [0]
    return sorted(range(len(rows)), key=lambda place: (rows[place].type, rows[place].id))


def locks(write_set: WriteSet) -> list[Lock]:
    """Guards and rows, together in the order in which they are locked: then nobody waits in a circle."""
    rows = write_set.rows
    wanted = [
        Lock(rows[place].type, rows[place].id, rows[place].expected, number)
        for number, place in enumerate(row_order(write_set), 1)
    ]
    if write_set.guards:
        wanted += [Lock(guard.type, guard.id, guard.version, 0) for guard in write_set.guards]
        wanted.sort()
    return wanted


@lru_cache
def _call(schema: str, tables: tuple[str, ...], first: int) -> str:
    arrays = [f'{name} => ${{}}::text::"{schema}".{type_}[]' for name, type_ in _ARRAYS.items()]
    sides = [f"{table}_{what} => ${{}}" for table in tables for what in ("ids", "rows")]
    arguments = ", ".join(text.format(number) for number, text in enumerate((*arrays, *sides), first))
    return f'"{schema}".apply({arguments})'


def _arrays(write_set: WriteSet) -> Iterator[str | None]:
    """What `_ARRAYS` names; None for nothing."""
    rows = [write_set.rows[place] for place in row_order(write_set)]
    indexes = list(enumerate((row.index for row in rows), 1))
    yield rows_literal(map(_counter, sorted(write_set.counters, key=_counter_key)))
    yield rows_literal(locks(write_set))
    yield rows_literal(map(_row, rows))
    yield rows_literal((number, *row) for number, index in indexes for row in index.dates)
    yield rows_literal((number, *row) for number, index in indexes for row in index.strings)
    yield rows_literal((number, *row) for number, index in indexes for row in index.numbers)
    yield rows_literal((number, *row) for number, index in indexes for row in index.references)
    yield rows_literal(map(_event, write_set.outbox))
    yield rows_literal(map(_handled, write_set.inbox))
    yield audit_literal(write_set.audit)
    yield rows_literal(map(_alias, write_set.aliases))


def audit_literal(rows: Iterable[AuditRow]) -> str | None:
    """Audit rows as an array of `audit_write`."""
    return rows_literal(map(_audit, rows))


def _row(row: RowWrite) -> tuple[Any, ...]:
    tokens = f"{{{','.join(map(str, row.index.tokens))}}}"
    return row.type, row.id, row.method, row.text, row.splice, row.event_key, row.index.patients, tokens


def _counter_key(counter: Counter) -> int:
    return counter.key
