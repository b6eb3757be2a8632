"""Stores, each test's on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from telerehab.service import Service
from telerehab.store.embedded import ServerHandle
from telerehab.store.migrate import migrate
from telerehab.store.pool import Pool
from telerehab.store.store import Store
from tests.telerehab.store.samples import SCHEDULING, SERVICES, SESSION


@pytest.fixture(scope="session")
async def migrated(new_database: Any) -> str:
    """The name of a database with the schemas of `SERVICES`, to copy."""
    await migrate(await new_database(name="migrated"), SERVICES)
    return "migrated"


@pytest.fixture
async def dsn(new_database: Any, migrated: str, postgresql: ServerHandle) -> AsyncIterator[str]:
    """A database of this test's own with the schemas of `SERVICES`."""
    dsn = await new_database(template=migrated)
    yield dsn
    connection = await asyncpg.connect(postgresql.dsn("postgres"))
    name = dsn.rpartition("@/")[2].partition("?")[0]
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    """The scheduling store."""
    async for opened in _opened(dsn, SCHEDULING):
        yield opened


@pytest.fixture
async def session_store(dsn: str) -> AsyncIterator[Store]:
    """The session store in the same database."""
    async for opened in _opened(dsn, SESSION):
        yield opened


async def _opened(dsn: str, service: Service) -> AsyncIterator[Store]:
    pool = Pool(dsn, schema=service.name, size=16)
    yield await Store.open(pool, service)
    await pool.close()
