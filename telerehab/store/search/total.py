"""Totals: exact, or as near as a bounded count gets; always of what the caller may see.

https://hl7.org/fhir/R4/search.html#total
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from telerehab.access import Access
from telerehab.fhir.search.predicate import Predicate
from telerehab.store.pool import Pool
from telerehab.store.search.collect import matching
from telerehab.store.search.statement import Statement

COUNTED = 10_000


async def accurate(
    pool: Pool, type_: str | None, where: Sequence[Predicate], leader: Predicate | None, access: Access
) -> int:
    """How many live, visible resources match."""
    sql = Statement(type_, access)
    (row,) = await pool.fetch(
        f"SELECT count(*) FROM resource r WHERE {matching(where, leader, sql)}", *sql.parameters
    )
    return int(row[0])


async def estimate(
    pool: Pool, type_: str | None, where: Sequence[Predicate], leader: Predicate | None, access: Access
) -> int:
    """The number itself up to COUNTED; beyond it the planner's guess.

    Who may see a part only gets the number in any case: a guess would tell of the rest.
    """
    if not access.unrestricted:
        return await accurate(pool, type_, where, leader, access)
    sql = Statement(type_, access)
    matches = f"SELECT FROM resource r WHERE {matching(where, leader, sql)}"
    (row,) = await pool.fetch(f"SELECT count(*) FROM ({matches} LIMIT {COUNTED + 1}) m", *sql.parameters)
    if row[0] <= COUNTED:
        return int(row[0])
    (row,) = await pool.fetch(f"EXPLAIN (FORMAT JSON) {matches}", *sql.parameters)
    return max(COUNTED, int(json.loads(row[0])[0]["Plan"]["Plan Rows"]))
