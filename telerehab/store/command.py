"""Commands that were done, by their key: a repeated one gets its first answer."""

from __future__ import annotations

from telerehab.store.pool import Pool
from telerehab.write_set import Remembered


async def remembered(pool: Pool, key: bytes) -> Remembered | None:
    """What was kept of a command in the pool's schema: for a day, and until later commands have cleared it away."""
    row = await pool.fetchrow("SELECT request, answer, times FROM command WHERE key = $1", key)
    return Remembered(*row) if row else None
