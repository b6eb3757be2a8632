"""The safe time: every commit that will ever become visible from now on has a later lastUpdated.

A poller that stops there and goes on from there loses no row.
https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
"""

from __future__ import annotations

from datetime import datetime

from telerehab.store.pool import Pool

# lastUpdated is cut to milliseconds, so this is too; this statement's own start is one of the times.
_SAFE_TIME = """
    SELECT date_trunc('milliseconds', least(statement_timestamp(), min(xact_start)))
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'"""


async def safe_time(pool: Pool) -> datetime:
    """The safe time (exclusive): rows with an earlier lastUpdated are all visible to a statement that follows."""
    (row,) = await pool.fetch(_SAFE_TIME)
    moment: datetime = row[0]
    return moment
