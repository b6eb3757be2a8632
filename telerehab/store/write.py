"""The commit: write sets applied, all of them or nothing, and told apart when they are refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from telerehab.fhir.outcome import unavailable
from telerehab.store.arguments import call, locks, row_order
from telerehab.store.command import remembered
from telerehab.store.pool import OutcomeUnknown, Pool
from telerehab.write_set import AlreadyHandled, Applied, Command, Missed, Repeated, Violated, WriteSet

ATTEMPTS = 5


async def apply(pool: Pool, write_set: WriteSet) -> Applied:
    """Commit one write set; raises `Missed`, `Violated`, `AlreadyHandled`, `Repeated`.

    Also FhirError 503: `OutcomeUnknown` if the connection was lost on the way and there is no command to look up.
    """
    (applied,) = await apply_all(pool, [write_set], write_set.command)
    return applied


async def apply_all(pool: Pool, write_sets: Sequence[WriteSet], command: Command | None) -> list[Applied]:
    """Commit write sets of several schemas in one statement; errors as `apply`.

    The command is remembered in the schema of `pool`, in the same commit.
    """
    ordered = sorted(write_sets, key=lambda write_set: write_set.schema)
    sql, parameters = _statement(ordered, command)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            row = await pool.write(sql, parameters)
            applied = {each.schema: _applied(each, times) for each, times in zip(ordered, row, strict=False)}
            return [applied[each.schema] for each in write_sets]
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            if attempt == ATTEMPTS:
                raise Missed("row", "contended") from None
        except OutcomeUnknown:
            if command is None:
                raise
            await _raise_if_repeated(pool, command)
            if attempt == ATTEMPTS:
                raise
        except asyncpg.QueryCanceledError:
            raise unavailable("The database took too long to commit; nothing was written.") from None
        except asyncpg.PostgresError as error:
            if command is not None:
                await _raise_if_repeated(pool, command)
            refusal = _refusal(error, write_sets)
            if refusal is None:
                raise
            raise refusal from None
    raise AssertionError


def _statement(write_sets: Sequence[WriteSet], command: Command | None) -> tuple[str, list[Any]]:
    """One statement for all; `remember` runs after every `apply`, because it takes their times."""
    parameters: list[Any] = []
    calls = [f"{call(write_set, parameters)} AS t{number}" for number, write_set in enumerate(write_sets)]
    applied = f"SELECT {', '.join(calls)}"
    if command is None:
        return applied, parameters
    first = len(parameters) + 1
    parameters += [command.key, command.request, command.answer]
    times = " || ".join(f"t{number}" for number in range(len(write_sets)))
    return (
        f"SELECT applied.*, remember(${first}, ${first + 1}, ${first + 2}, {times})"
        f" FROM ({applied} OFFSET 0) AS applied",
        parameters,
    )


def _applied(write_set: WriteSet, times: Sequence[datetime]) -> Applied:
    """The times in the write set's own order."""
    if len(times) < 2:
        return Applied(times)
    placed = sorted(zip(row_order(write_set), times, strict=True))
    return Applied([time for _, time in placed])


def _refusal(error: asyncpg.PostgresError, write_sets: Sequence[WriteSet]) -> Exception | None:
    """What a function of ours refused, or None if it was something else; PostgreSQL's own text stays behind."""
    match error.sqlstate:
        case "TR001":
            write_set = next(each for each in write_sets if each.schema == error.schema_name)
            return _missed(write_set, error.table_name, int(error.detail))
        case "TR002":
            return Violated(error.schema_name, error.constraint_name)
        case "TR003":
            return AlreadyHandled()
    return None


def _missed(write_set: WriteSet, what: str, which: int) -> Missed:
    if what == "counter":
        return Missed("counter", str(which))
    lock = locks(write_set)[which - 1]
    return Missed("row" if lock.row else "guard", f"{lock.type}/{lock.id}")


async def _raise_if_repeated(pool: Pool, command: Command) -> None:
    first = await remembered(pool, command.key)
    if first is not None:
        raise Repeated(first)
