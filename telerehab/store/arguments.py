"""A write set as the arguments of `apply`: an array for each kind of row, sorted as they are locked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from telerehab.fhir import json
from telerehab.write_set import Counter, RowWrite, WriteSet


class Lock(NamedTuple):
    """A row to lock with the version it must have; `row` is the number of the write it is for, 0 for a guard."""

    type: str
    id: str
    version: int
    row: int


_ARRAYS = (
    "counters",
    "locks",
    "rows",
    "dates",
    "strings",
    "numbers",
    "refs",
    "events",
    "handled",
    "trail",
    "aliases",
)
_counter = attrgetter("key", "expected", "bump")


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
    names = [*_ARRAYS, *(f"{table}_{what}" for table in tables for what in ("ids", "rows"))]
    arguments = ", ".join(f"{name} => ${number}" for number, name in enumerate(names, first))
    return f'"{schema}".apply({arguments})'


def _arrays(write_set: WriteSet) -> Iterator[Sequence[Any] | None]:
    """What `_ARRAYS` names; None for nothing."""
    rows = [write_set.rows[place] for place in row_order(write_set)]
    indexes = list(enumerate((row.index for row in rows), 1))
    yield list(map(_counter, sorted(write_set.counters, key=_counter_key))) or None
    yield locks(write_set) or None
    yield [_row(row) for row in rows] or None
    yield [(number, *row) for number, index in indexes for row in index.dates] or None
    yield [(number, *row) for number, index in indexes for row in index.strings] or None
    yield [(number, *row) for number, index in indexes for row in index.numbers] or None
    yield [(number, *row) for number, index in indexes for row in index.references] or None
    yield write_set.outbox or None
    yield write_set.inbox or None
    yield write_set.audit or None
    yield write_set.aliases or None


def _row(row: RowWrite) -> tuple[Any, ...]:
    tokens = f"{{{','.join(map(str, row.index.tokens))}}}"
    return row.type, row.id, row.method, row.text, row.splice, row.event_key, row.index.patients, tokens


def _counter_key(counter: Counter) -> int:
    return counter.key
