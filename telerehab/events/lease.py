"""The lease of an outbox: who relays it, with an epoch that fences off whoever did before.

https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html (fencing)
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from telerehab.events.keeping import Keeping

if TYPE_CHECKING:
    from telerehab.events.database import Database

LEASE_SECONDS = 4.0


class Lease:
    """Held by one holder at a time, by the database's clock; a holder that froze may believe it still holds it."""

    def __init__(self, database: Keeping, schema: str, *, seconds: float = LEASE_SECONDS) -> None:
        self.seconds = seconds
        self._row = database.lease(schema)
        self._holder = uuid4()
        self._epoch: int | None = None
        self._taken_at = float("-inf")

    @property
    def is_held(self) -> bool:
        """Whether this holder took the lease and has no reason yet to think that it ended."""
        return self._epoch is not None

    async def take(self) -> int | None:
        """The epoch if the lease is held, taking or renewing it when needed; None while somebody else has it."""
        now = asyncio.get_running_loop().time()
        if self._epoch is None or now - self._taken_at > self.seconds / 2:
            self._epoch = await self._row.take(self._holder, self.seconds)
            self._taken_at = now
        return self._epoch

    def lose(self) -> None:
        """Somebody else has it: ask again before doing anything more."""
        self._epoch = None

    async def release(self) -> None:
        """Let somebody else take it at once."""
        self.lose()
        await self._row.release(self._holder)


class LeaseTable:
    """The table `relay_lease` of one service's schema, which has one row."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._table = f'"{schema}".relay_lease'

    async def take(self, holder: UUID, seconds: float) -> int | None:
        epoch: int | None = await self._database.fetchval(
            f"""
            UPDATE {self._table}
            SET epoch = CASE WHEN holder = $1 THEN epoch ELSE epoch + 1 END,
                holder = $1, until = clock_timestamp() + $2
            WHERE holder = $1 OR until < clock_timestamp()
            RETURNING epoch
            """,
            holder,
            timedelta(seconds=seconds),
        )
        return epoch

    async def release(self, holder: UUID) -> None:
        await self._database.execute(
            f"UPDATE {self._table} SET until = '-infinity' WHERE holder = $1", holder
        )
