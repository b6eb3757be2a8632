"""The outbox as an operator sees it: what of it waits for the relay."""

from __future__ import annotations

from typing import Any

from telerehab.events.database import Database


async def waiting(database: Database, service: str) -> dict[str, Any]:
    """How many events of a service wait for the relay (`count`) and for how long the oldest has (`seconds`)."""
    rows = await database.fetch(
        f"""
        SELECT count(*) AS count, coalesce(extract(epoch FROM clock_timestamp() - min(time)), 0)::float AS seconds
        FROM "{service}".outbox
        """
    )
    return dict(rows[0])
