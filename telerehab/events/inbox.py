"""The inbox: which events a service's handlers have taken; its row is in the commit of the effect itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from telerehab.events.keeping import Keeping

if TYPE_CHECKING:
    from telerehab.events.database import Database


class Inbox:
    """The inbox of one service's schema, and a signal for those in this process who wait for it to grow."""

    def __init__(self, database: Keeping, schema: str) -> None:
        self._rows = database.inbox(schema)
        self._grown = asyncio.Event()

    async def has(self, event_id: str, handler: str) -> bool:
        """Whether this handler has taken the event."""
        return bool(await self.taken([(event_id, handler)]))

    async def taken(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these pairs of event id and handler are there."""
        return await self._rows.taken(pairs)

    def grew(self) -> None:
        """Tell who waits that an event was taken, or will not be."""
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def growth(self) -> asyncio.Event:
        """An event that is set when the inbox grows the next time, by this process."""
        return self._grown


class InboxTable:
    """The table `inbox` of one service's schema."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._table = f'"{schema}".inbox'

    async def taken(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        rows = await self._database.fetch(
            f"""
            SELECT event_id, handler FROM {self._table}
            WHERE (event_id, handler) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
            """,
            [UUID(event_id) for event_id, _ in pairs],
            [handler for _, handler in pairs],
        )
        return {(str(row["event_id"]), row["handler"]) for row in rows}


async def wait_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer than `seconds`."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
