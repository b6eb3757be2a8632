"""Connections to PostgreSQL for what events keep there: a few pooled ones, and those that listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg

from telerehab.events.dead_letter import DeadLetters
from telerehab.events.inbox import InboxTable
from telerehab.events.lease import LeaseTable
from telerehab.events.outbox import OutboxTable

Connection = asyncpg.Connection

_OUTAGES = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # using a connection that was terminated while idle
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
)


def is_outage(error: BaseException) -> bool:
    """Whether the database was down, restarting, failing over or full: the same statement may succeed later."""
    return isinstance(error, _OUTAGES) and not isinstance(error, ValueError | TypeError)


class Database:
    """A database as one role; connections are made when needed, and made anew after an outage.

    Nothing of a session may be left behind on one: it is handed on as it is.
    """

    def __init__(self, dsn: str, *, connections: int = 5, **settings: Any) -> None:
        self._dsn = dsn
        self._settings = settings
        self._connections = connections
        self._pool: Any = None
        self._opening = asyncio.Lock()

    async def open(self) -> Database:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._dsn, min_size=0, max_size=self._connections, reset=_as_it_is, **self._settings
                )
        return self

    def acquire(self) -> AbstractAsyncContextManager[Any]:
        """A connection for a moment."""
        pool: AbstractAsyncContextManager[Any] = self._pool.acquire(timeout=10)
        return pool

    async def connect(self) -> Any:
        """A connection outside of the pool, to listen on."""
        return await asyncpg.connect(self._dsn, **self._settings)

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async with self.acquire() as connection:
            rows: list[Any] = await connection.fetch(statement, *arguments)
            return rows

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(statement, *arguments)

    async def execute(self, statement: str, *arguments: Any) -> str:
        async with self.acquire() as connection:
            status: str = await connection.execute(statement, *arguments)
            return status

    def outbox(self, schema: str) -> OutboxTable:
        return OutboxTable(self, schema)

    def lease(self, schema: str) -> LeaseTable:
        return LeaseTable(self, schema)

    def inbox(self, schema: str) -> InboxTable:
        return InboxTable(self, schema)

    def letters(self, schema: str) -> DeadLetters:
        return DeadLetters(self, schema)

    async def notify(self, channel: str, payloads: Sequence[str]) -> None:
        await self.execute(
            "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload", channel, payloads
        )

    @asynccontextmanager
    async def listening(self, channel: str, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        connection = await self.connect()
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(
                channel, lambda _connection, _pid, _channel, payload: heard(payload)
            )
            yield lost
        finally:
            connection.terminate()


async def _as_it_is(connection: Any) -> None:
    """asyncpg's own reset is a round trip after each statement."""
