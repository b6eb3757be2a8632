"""A write set as the arguments of `apply`: an array for each kind of row, sorted as they are locked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from telerehab.fhir import json
from telerehab.write_set import AuditRow, RowWrite, WriteSet


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
)


def call(write_set: WriteSet, parameters: list[Any]) -> str:
    """The SQL that applies a write set; its values are added to `parameters`."""
    order = row_order(write_set)
    rows = [write_set.rows[place] for place in order]
    named: dict[str, Any] = dict(zip(_ARRAYS, _arrays(write_set, rows), strict=True))
    for table, (ids, side_rows) in sorted(write_set.side_rows.items()):
        named[f"{table}_ids"] = ids
        named[f"{table}_rows"] = json.dump(side_rows).decode() if side_rows else None
    first = len(parameters) + 1
    parameters.extend(named.values())
    arguments = ", ".join(f"{name} => ${number}" for number, name in enumerate(named, first))
    return f'"{write_set.schema}".apply({arguments})'


def row_order(write_set: WriteSet) -> list[int]:
    """The places in `write_set.rows` in the order in which rows are locked."""
    rows = write_set.rows
    if len(rows) < 2:
        return list(range(len(rows)))
    return sorted(range(len(rows)), key=lambda place: (rows[place].type, rows[place].id))


def locks(write_set: WriteSet) -> list[Lock]:
    """Guards and rows, together in the order in which they are locked: then nobody waits in a circle."""
    wanted = [Lock(guard.type, guard.id, guard.version, 0) for guard in write_set.guards]
    for number, place in enumerate(row_order(write_set), 1):
        row = write_set.rows[place]
        wanted.append(Lock(row.type, row.id, row.expected, number))
    return sorted(wanted)


def audit_write(row: AuditRow) -> tuple[Any, ...]:
    """An audit row in the order of the columns."""
    return (
        row.request_id,
        row.caller,
        row.address,
        row.action,
        row.type,
        row.id,
        row.version,
        row.patients,
        row.outcome,
        row.query,
    )


def _arrays(write_set: WriteSet, rows: Sequence[RowWrite]) -> list[list[Any] | None]:
    numbered = list(enumerate(rows, 1))
    arrays = (
        [
            (counter.key, counter.expected, counter.bump)
            for counter in sorted(write_set.counters, key=lambda counter: counter.key)
        ],
        [(lock.type, lock.id, lock.version, lock.row) for lock in locks(write_set)],
        [
            (
                row.type,
                row.id,
                row.method,
                row.text,
                row.splice,
                row.event_key,
                row.index.patients,
                row.index.tokens,
            )
            for row in rows
        ],
        [(number, *date) for number, row in numbered for date in row.index.dates],
        [(number, *string) for number, row in numbered for string in row.index.strings],
        [(number, *value) for number, row in numbered for value in row.index.numbers],
        [(number, *reference) for number, row in numbered for reference in row.index.references],
        [
            (
                event.event_id,
                event.topic,
                event.key,
                event.type,
                event.subject,
                event.payload,
                event.traceparent,
                event.cause,
                event.depth,
            )
            for event in write_set.outbox
        ],
        [(row.event_id, row.handler) for row in write_set.inbox],
        [audit_write(row) for row in write_set.audit],
    )
    return [array or None for array in arrays]
