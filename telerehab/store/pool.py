"""A pool of held connections with prepared statements, handed out in the order they are asked for.

asyncpg's own pool resets a connection at each release, and without that it is unfair; measured, this one does
twice the reads of it.
https://magicstack.github.io/asyncpg/current/api/index.html#connection-objects
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from telerehab.fhir.outcome import FhirError, Issue, unavailable

CONNECT_SECONDS = 10.0
READ_ATTEMPTS = 3
MOST_STATEMENTS = 300  # prepared on one connection
MOST_WAITING = 4000  # for a connection; far more than the requests in progress ask for
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg lost step with the server when it went away
    OSError,
)


class TookTooLong(FhirError):
    """The database gave a statement up because it took longer than the pool's statement timeout."""

    def __init__(self) -> None:
        text = "The database took too long to answer."
        super().__init__(503, [Issue("transient", text)], {"Retry-After": "2"})


class OutcomeUnknown(FhirError):
    """The connection was lost while a write was on its way: it may or may not have been done."""

    def __init__(self) -> None:
        text = (
            "The database went away during the write: whether it was done is not known. Read, then try again."
        )
        super().__init__(503, [Issue("transient", text)], {"Retry-After": "2"})


class Held:
    """One place of the pool: a connection, its prepared statements; connected when first used and after a loss."""

    __slots__ = ("_dsn", "_settings", "connection", "statements")

    def __init__(self, dsn: str, settings: dict[str, str]) -> None:
        self._dsn = dsn
        self._settings = settings
        self.connection: asyncpg.Connection | None = None
        self.statements: dict[str, Any] = {}

    @property
    def lost(self) -> bool:
        return self.connection is None or self.connection.is_closed()

    async def connect(self) -> asyncpg.Connection:
        """The live connection, made anew if it was lost; OSError if it cannot be made."""
        if self.connection is None or self.connection.is_closed():
            self.statements = {}
            try:
                self.connection = await asyncpg.connect(
                    self._dsn,
                    server_settings=self._settings,
                    timeout=CONNECT_SECONDS,
                    statement_cache_size=0,
                )
            except asyncpg.PostgresError as error:
                raise ConnectionError("the database refuses a connection") from error
        return self.connection

    async def prepare(self, sql: str) -> Any:
        """The prepared statement of `sql` on this connection."""
        connection = await self.connect()
        statement = self.statements.get(sql)
        if statement is None:
            if len(self.statements) >= MOST_STATEMENTS:  # searches come in any number of shapes
                del self.statements[next(iter(self.statements))]
            statement = self.statements[sql] = await connection.prepare(sql)
        return statement

    def drop(self) -> None:
        """Forget the connection; the next use makes another."""
        if self.connection is not None:
            self.connection.terminate()
            self.connection = None
            self.statements = {}

    async def close(self) -> None:
        if self.connection is not None and not self.connection.is_closed():
            try:
                await self.connection.close(timeout=CONNECT_SECONDS)
            except (TimeoutError, *_LOST):
                self.connection.terminate()


class Pool:
    """`size` connections to one schema as one role; statements always get a plan for their very parameters.

    No session state may be left behind: use SET LOCAL and transaction-level locks only.
    """

    def __init__(
        self,
        dsn: str,
        *,
        schema: str,
        role: str | None = None,
        size: int = 8,
        statement_timeout: float = 10.0,
    ) -> None:
        milliseconds = str(int(statement_timeout * 1000))
        settings = {
            "application_name": f"telerehab {schema}",
            "search_path": f'"{schema}", public',
            "plan_cache_mode": "force_custom_plan",
            "jit": "off",
            "work_mem": "16MB",  # a bitmap over a million rows stays exact
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
            "timezone": "UTC",
        }
        if role is not None:
            settings["role"] = role
        self.size = size
        self.schema = schema
        self._all = [Held(dsn, settings) for _ in range(size)]
        self._free = list(self._all)  # the last one back goes out first: it is warm
        self._waiting: deque[asyncio.Future[Held]] = deque()
        self._closed = False

    @property
    def in_use(self) -> int:
        """Connections handed out at this moment."""
        return self.size - len(self._free)

    @property
    def waiting(self) -> int:
        """Requests that wait for a connection."""
        return len(self._waiting)

    async def open(self) -> None:
        """Make all connections now; OSError if the database cannot be reached."""
        await asyncio.gather(*(held.connect() for held in self._all))

    async def close(self) -> None:
        """Close all connections; who still uses one gets an error."""
        self._closed = True
        for waiter in self._waiting:
            waiter.cancel()
        await asyncio.gather(*(held.close() for held in self._all))

    async def fetch(self, sql: str, *parameters: Any) -> list[asyncpg.Record]:
        """All rows of a read; tried again on a new connection if its own is lost.

        Raises FhirError 503 if the database cannot be reached or takes too long.
        """
        held = self._free.pop() if self._free else await self._turn()
        try:
            for _ in range(READ_ATTEMPTS):
                try:
                    statement = held.statements.get(sql) or await held.prepare(sql)
                    rows: list[asyncpg.Record] = await statement.fetch(*parameters)
                    return rows
                except asyncpg.QueryCanceledError:
                    raise TookTooLong from None
                except _LOST as error:
                    if not _is_loss(held, error):
                        raise
            raise unavailable("The database cannot be reached.")
        finally:
            self._release(held)

    async def fetchrow(self, sql: str, *parameters: Any) -> asyncpg.Record | None:
        """The first row of a read, or None; otherwise as `fetch`."""
        rows = await self.fetch(sql, *parameters)
        return rows[0] if rows else None

    async def write(self, sql: str, parameters: Sequence[Any]) -> asyncpg.Record:
        """The one row of a statement that writes; never repeated.

        Raises `OutcomeUnknown` if the connection is lost on the way, FhirError 503 if there is none, else what
        PostgreSQL says.
        """
        held = self._free.pop() if self._free else await self._turn()
        sent = False
        try:
            statement = None if held.lost else held.statements.get(sql)
            statement = statement or await held.prepare(sql)
            sent = True
            return await statement.fetchrow(*parameters)
        except _LOST as error:
            if not _is_loss(held, error):
                raise
            raise (OutcomeUnknown() if sent else unavailable("The database cannot be reached.")) from error
        finally:
            self._release(held)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Held]:
        """A place of the pool for a longer use, such as a transaction."""
        held = self._free.pop() if self._free else await self._turn()
        try:
            yield held
        finally:
            self._release(held)

    async def _turn(self) -> Held:
        """The next free place, after all who asked before."""
        if self._closed:
            raise unavailable("The service is stopping.")
        if len(self._waiting) >= MOST_WAITING:
            raise unavailable("Too much waits for the database.")
        waiter: asyncio.Future[Held] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._release(waiter.result())
            raise

    def _release(self, held: Held) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(held)
                return
        self._free.append(held)


def _is_loss(held: Held, error: Exception) -> bool:
    """Whether an error means that the connection is gone, not that it was misused; then it is dropped for good."""
    if isinstance(error, asyncpg.QueryCanceledError):
        return False
    if held.lost or not isinstance(error, asyncpg.InterfaceError):
        held.drop()
        return True
    return False
