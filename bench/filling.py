"""A database as full as a run wants it: resources go in by `apply`, as every write does, but many in a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

import asyncpg

from bench.ceiling import TABLE
from bench.resources import observations
from telerehab.fhir.json import JsonObject
from telerehab.fhir.search import index
from telerehab.resource import Resource
from telerehab.store.pool import Pool
from telerehab.store.write import apply
from telerehab.write_set import RowWrite, WriteSet

OWNER = "outcomes"
IN_A_COMMIT = 200
WRITERS = 2


async def fill(dsn: str, base_url: str, count: int) -> None:
    """Put `count` Observations into their owner's schema, and their texts into the ceiling's table."""
    pool = Pool(dsn, schema=OWNER, size=WRITERS)
    await pool.open()
    remaining = observations(count)
    await asyncio.gather(*(_write(pool, base_url, remaining) for _ in range(WRITERS)))
    await pool.close()
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"""
        CREATE SCHEMA bench;
        CREATE TABLE {TABLE} AS SELECT id, content FROM {OWNER}.resource WHERE type = 'Observation';
        ALTER TABLE {TABLE} ADD PRIMARY KEY (id);
        """)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _write(pool: Pool, base_url: str, remaining: Iterator[JsonObject]) -> None:
    while batch := list(islice(remaining, IN_A_COMMIT)):
        await apply(pool, WriteSet(OWNER, rows=[_row(Resource.of(each), base_url) for each in batch]))


def _row(resource: Resource, base_url: str) -> RowWrite:
    rows = index(resource.content, base_url)
    resource.patients = rows.patients
    text = resource.text
    return RowWrite(-1, resource.type, resource.id, 0, "PUT", text, resource.splice, rows, bytes(16))
