"""A database as full as a run wants it: resources go in by `apply`, as every write does, but many in a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain, islice

import asyncpg

from bench.ceiling import TABLE
from bench.requests import spares
from bench.resources import observations, patients, people
from telerehab.fhir.json import JsonObject
from telerehab.fhir.search import index
from telerehab.resource import Resource
from telerehab.store.pool import Pool
from telerehab.store.write import apply
from telerehab.write_set import RowWrite, WriteSet

OWNER = "outcomes"
PEOPLE = "records"
IN_A_COMMIT = 200
WRITERS = 2


async def fill(dsn: str, base_url: str, count: int, first: int = 0) -> None:
    """Have `count` Observations where `first` were, their patients, and their texts in the ceiling's table."""
    await _put(dsn, PEOPLE, base_url, people(patients(count), patients(first) if first else 0))
    await _put(dsn, OWNER, base_url, chain(observations(count, first=first), spares(count)))
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"""
        CREATE SCHEMA IF NOT EXISTS bench;
        DROP TABLE IF EXISTS {TABLE};
        CREATE TABLE {TABLE} AS SELECT id, content FROM {OWNER}.resource
            WHERE type = 'Observation' AND NOT deleted;
        ALTER TABLE {TABLE} ADD PRIMARY KEY (id);
        """)
    await connection.execute("VACUUM ANALYZE", timeout=1200)
    await connection.execute("CHECKPOINT", timeout=1200)
    await connection.close()


async def _put(dsn: str, owner: str, base_url: str, resources: Iterator[JsonObject]) -> None:
    pool = Pool(dsn, schema=owner, size=WRITERS)
    await pool.open()
    await asyncio.gather(*(_write(pool, owner, base_url, resources) for _ in range(WRITERS)))
    await pool.close()


async def _write(pool: Pool, owner: str, base_url: str, remaining: Iterator[JsonObject]) -> None:
    while batch := list(islice(remaining, IN_A_COMMIT)):
        await apply(pool, WriteSet(owner, rows=[_row(Resource.of(each), base_url) for each in batch]))


def _row(resource: Resource, base_url: str) -> RowWrite:
    rows = index(resource.content, base_url)
    resource.patients = rows.patients
    text = resource.text
    return RowWrite(-1, resource.type, resource.id, 0, "PUT", text, resource.splice, rows, bytes(16))
