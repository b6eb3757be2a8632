"""The outbox of a service's schema: what its commits have said and the relay has not yet published."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from telerehab.events.catalogue import SAFETY_TOPIC
from telerehab.events.keeping import Keeping

if TYPE_CHECKING:
    from telerehab.events.database import Database

_COLUMNS = "id, event_id, topic, key, type, subject, payload, traceparent, cause, depth, time"


class OutboxTable:
    """The table `outbox` of one service's schema, filled by `apply`."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._table = f'"{schema}".outbox'

    async def first(self, limit: int) -> list[Any]:
        """The first visible rows, `limit` of safety and `limit` of all others."""
        return await self._database.fetch(
            f"""
            (SELECT {_COLUMNS} FROM {self._table} WHERE topic = '{SAFETY_TOPIC}' ORDER BY id LIMIT $1)
            UNION ALL
            (SELECT {_COLUMNS} FROM {self._table} WHERE topic <> '{SAFETY_TOPIC}' ORDER BY id LIMIT $1)
            """,
            limit,
        )

    async def remove(self, ids: Collection[int]) -> None:
        await self._database.execute(f"DELETE FROM {self._table} WHERE id = ANY ($1)", list(ids))

    async def waiting(self) -> dict[str, Any]:
        rows = await self._database.fetch(
            f"""
            SELECT count(*) AS count,
                coalesce(extract(epoch FROM clock_timestamp() - min(time)), 0)::float AS seconds
            FROM {self._table}
            """
        )
        return dict(rows[0])


async def waiting(database: Keeping, service: str) -> dict[str, Any]:
    """How many events of a service wait for the relay (`count`) and for how long the oldest has (`seconds`)."""
    return await database.outbox(service).waiting()
