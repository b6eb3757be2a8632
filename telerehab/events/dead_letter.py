"""Dead letters: events that a handler could not take, with what went wrong, and those that wait behind them.

A lane is what must stay in order for one handler: the event's key. Safety events wait for nothing, each is a lane of
its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from telerehab.events.brokers.broker import Record
from telerehab.events.catalogue import is_safety
from telerehab.events.cloud_event import type_of

if TYPE_CHECKING:
    from telerehab.events.database import Database

DEAD_LETTER_CHANNEL = "telerehab_dead_letter"
STATES = ("retrying", "lacking", "waiting", "dead")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that one handler has not taken; `state` is one of STATES."""

    id: int
    handler: str
    lane: bytes
    record: Record
    state: str
    failures: int
    error: str
    since: datetime


def lane_of(record: Record) -> bytes:
    """What a record must keep its order within, for one handler."""
    return UUID(record.id).bytes if is_safety(type_of(record)) else record.key


class DeadLetters:
    """The dead letters of one service's schema."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._schema = schema
        self._table = f'"{schema}".dead_letter'

    async def blocked(self) -> set[tuple[str, bytes]]:
        """Every handler and lane in which something waits."""
        rows = await self._database.fetch(f"SELECT DISTINCT handler, lane FROM {self._table}")
        return {(row["handler"], row["lane"]) for row in rows}

    async def wait_behind(self, handler: str, record: Record) -> bool:
        """Let an event wait if something of its lane does already; False if its turn is now.

        The lock makes a retry that is about to take the last one of the lane see this one first.
        """
        waits: bool = await self._database.fetchval(
            f"""
            WITH earlier AS (
                SELECT FROM {self._table} WHERE handler = $1 AND lane = $2 LIMIT 1 FOR KEY SHARE
            ), waiting AS (
                INSERT INTO {self._table} (handler, lane, event_id, key, topic, headers, payload, state)
                SELECT $1, $2, $3, $4, $5, $6, $7, 'waiting' FROM earlier
                ON CONFLICT (handler, event_id) DO NOTHING
            )
            SELECT EXISTS (SELECT FROM earlier)
            """,
            *_columns(handler, record),
        )
        return waits

    async def add(
        self, handler: str, record: Record, *, state: str, error: str, after: float, failures: int = 1
    ) -> None:
        """Keep an event that failed; it is tried again `after` so many seconds, unless it is dead."""
        await self._database.execute(
            f"""
            INSERT INTO {self._table}
                (handler, lane, event_id, key, topic, headers, payload, state, error, due, failures)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp() + $10, $11
            WHERE NOT EXISTS (SELECT FROM "{self._schema}".inbox WHERE event_id = $3 AND handler = $1)
            ON CONFLICT (handler, event_id) DO NOTHING
            """,
            *_columns(handler, record),
            state,
            error,
            timedelta(seconds=after),
            failures,
        )

    async def next_due(self, handlers: Collection[str]) -> float | None:
        """Seconds until the first of a lane is to be tried again; None if nothing is."""
        seconds: float | None = await self._database.fetchval(
            f"""
            SELECT extract(epoch FROM min(due) - clock_timestamp())::float FROM {self._table} AS letter
            WHERE handler = ANY ($1) AND state <> 'dead' AND {self._is_first}
            """,
            list(handlers),
        )
        return seconds

    @asynccontextmanager
    async def due(self, handlers: Collection[str]) -> AsyncIterator[Held | None]:
        """The next letter that is to be tried again, held against other processes meanwhile."""
        async with self._database.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '60s'")
            row = await connection.fetchrow(
                f"""
                SELECT * FROM {self._table} AS letter
                WHERE handler = ANY ($1) AND state <> 'dead' AND due <= clock_timestamp() AND {self._is_first}
                ORDER BY due LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                """,
                list(handlers),
            )
            yield Held(connection, self._table, _letter(row)) if row else None

    async def dead(self, event_ids: Collection[str]) -> set[tuple[str, str]]:
        """Which of these events a handler will not take before a person acts: pairs of event id and handler."""
        rows = await self._database.fetch(
            f"""
            SELECT event_id, handler FROM {self._table} AS letter
            WHERE event_id = ANY ($1) AND EXISTS (
                SELECT FROM {self._table} AS earlier WHERE earlier.state = 'dead'
                AND earlier.handler = letter.handler AND earlier.lane = letter.lane AND earlier.id <= letter.id
            )
            """,
            [UUID(event_id) for event_id in event_ids],
        )
        return {(str(row["event_id"]), row["handler"]) for row in rows}

    async def counts(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Per handler and state how many there are, and for how many seconds the oldest has waited."""
        rows = await self._database.fetch(
            f"""
            SELECT handler, state, count(*) AS count,
                extract(epoch FROM clock_timestamp() - min(since))::float AS seconds
            FROM {self._table} GROUP BY handler, state
            """
        )
        return {(row["handler"], row["state"]): (row["count"], row["seconds"]) for row in rows}

    async def all(self) -> list[DeadLetter]:
        """Everything that waits, oldest first within its lane."""
        rows = await self._database.fetch(f"SELECT * FROM {self._table} ORDER BY handler, lane, id")
        return [_letter(row) for row in rows]

    async def replay(self, ids: Collection[int]) -> int:
        """Have the running service try these again, now; how many there were."""
        return await self._change(
            f"""
            UPDATE {self._table} SET state = 'retrying', failures = 0, due = clock_timestamp()
            WHERE id = ANY ($1) RETURNING id
            """,
            ids,
        )

    async def discard(self, ids: Collection[int]) -> int:
        """Give these up for good; what waits behind them goes on. How many there were."""
        return await self._change(f"DELETE FROM {self._table} WHERE id = ANY ($1) RETURNING id", ids)

    async def _change(self, statement: str, ids: Collection[int]) -> int:
        changed = await self._database.fetch(statement, list(ids))
        await self._database.execute("SELECT pg_notify($1, $2)", DEAD_LETTER_CHANNEL, self._schema)
        return len(changed)

    @property
    def _is_first(self) -> str:
        return (
            f"NOT EXISTS (SELECT FROM {self._table} AS earlier WHERE earlier.handler = letter.handler"
            " AND earlier.lane = letter.lane AND earlier.id < letter.id)"
        )


@dataclass(frozen=True, slots=True)
class Held:
    """A dead letter under a lock that lasts until its transaction ends."""

    connection: Any
    table: str
    letter: DeadLetter

    async def taken(self) -> None:
        """The handler has taken it."""
        await self.connection.execute(f"DELETE FROM {self.table} WHERE id = $1", self.letter.id)

    async def failed(self, *, state: str, error: str, after: float) -> None:
        """The handler failed again."""
        await self.connection.execute(
            f"""
            UPDATE {self.table}
            SET state = $2, error = $3, due = clock_timestamp() + $4, failures = failures + 1 WHERE id = $1
            """,
            self.letter.id,
            state,
            error,
            timedelta(seconds=after),
        )


def _columns(handler: str, record: Record) -> tuple[Any, ...]:
    headers = orjson.dumps(record.headers).decode()
    return handler, lane_of(record), UUID(record.id), record.key, record.topic, headers, record.payload


def _letter(row: Any) -> DeadLetter:
    record = Record(
        str(row["event_id"]), row["topic"], row["key"], orjson.loads(row["headers"]), row["payload"]
    )
    return DeadLetter(
        row["id"],
        row["handler"],
        row["lane"],
        record,
        row["state"],
        row["failures"],
        row["error"],
        row["since"],
    )
