"""How often tokens, patients and types occur: PostgreSQL's own statistics, kept for a minute.

https://www.postgresql.org/docs/current/view-pg-stats.html
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from telerehab.store.pool import Pool

KEPT_SECONDS = 60.0

_ROWS = """
    SELECT CASE WHEN reltuples >= 0 THEN reltuples ELSE 0 END::bigint
    FROM pg_class WHERE oid = to_regclass('resource')"""
_STATISTICS = """
    SELECT attname::text,
        most_common_elems::text::text[] AS elements, most_common_elem_freqs AS element_shares,
        most_common_vals::text::text[] AS vals, most_common_freqs AS shares
    FROM pg_stats
    WHERE schemaname = current_schema() AND tablename = 'resource' AND attname IN ('tok', 'patients', 'type')"""


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of rows that have a value, for the common ones; any other is rarer than `rarest`."""

    common: Mapping[Any, float] = field(default_factory=dict)
    rarest: float = 0.0

    def of(self, values: Collection[Any]) -> float:
        """The share of rows that have one of `values`, at most."""
        return min(1.0, sum(self.common.get(value, self.rarest / 2) for value in values))


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was known of table `resource` when it was last analysed."""

    rows: int = 0
    tokens: Shares = Shares()
    patients: Shares = Shares()
    types: Shares = Shares()


class Frequencies:
    """The statistics of one schema, read again after a minute."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known = Statistics()
        self._until = 0.0

    async def current(self) -> Statistics:
        """The statistics, at most a minute old."""
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + KEPT_SECONDS  # others go on with the old ones meanwhile
            self._known = await self._read()
        return self._known

    async def _read(self) -> Statistics:
        (rows,) = await self._pool.fetch(_ROWS)
        found = {row["attname"]: row for row in await self._pool.fetch(_STATISTICS)}
        return Statistics(
            rows[0],
            _shares(found.get("tok"), "elements", "element_shares", int),
            _shares(found.get("patients"), "elements", "element_shares", str),
            _shares(found.get("type"), "vals", "shares", str),
        )


def _shares(row: Any, values: str, shares: str, kind: type) -> Shares:
    if row is None or row[values] is None:
        return Shares()
    common = dict(
        zip(map(kind, row[values]), row[shares], strict=False)
    )  # element shares have extremes behind
    return Shares(common, min(common.values(), default=0.0))
