"""Counters of sets that decisions rely on: read before deciding, checked and counted up by the commit."""

from __future__ import annotations

from collections.abc import Sequence

from telerehab.store.gathering import Gathering
from telerehab.store.pool import Pool

LANES = 2


class Counters:
    """The counters of one schema; those that requests ask for at the same moment are read together."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._gathered = Gathering(self._read, LANES)

    async def values(self, keys: Sequence[int]) -> dict[int, int]:
        """The value of each counter as it is now or later; 0 for one never counted up."""
        return await self._gathered(keys) if keys else {}

    async def _read(self, asked: Sequence[Sequence[int]]) -> list[dict[int, int] | Exception]:
        wanted = list({key for keys in asked for key in keys})
        rows = await self._pool.fetch("SELECT key, value FROM counter WHERE key = ANY ($1::bigint[])", wanted)
        known: dict[int, int] = dict(rows)
        return [{key: known.get(key, 0) for key in keys} for keys in asked]
