"""Counters of sets that decisions rely on: read before deciding, checked and counted up by the commit."""

from __future__ import annotations

from collections.abc import Sequence

from telerehab.store.pool import Pool


async def counters(pool: Pool, keys: Sequence[int]) -> dict[int, int]:
    """The value of each counter; 0 for one never counted up."""
    if not keys:
        return {}
    rows = await pool.fetch("SELECT key, value FROM counter WHERE key = ANY ($1::bigint[])", keys)
    return dict.fromkeys(keys, 0) | dict(rows)
