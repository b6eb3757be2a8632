"""Services to talk to: real engines on a real PostgreSQL, and an HTTP client for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from telerehab.access import Caller
from telerehab.engine import BASE_PATH, Engine
from telerehab.observability import Metrics, Probes
from telerehab.resource import Resource
from telerehab.server.app import service_app
from telerehab.service import Service
from telerehab.settings import Settings
from telerehab.store.pool import Pool
from telerehab.store.store import Store

RECORDS = Service("records")
SERVICES = (
    RECORDS,
    Service("scheduling"),
    Service("session"),
    Service("exercise_prescription"),
    Service("outcomes"),
)
BASE = f"http://127.0.0.1:8080{BASE_PATH}"


class NoNeighbours:
    """Nobody else is there."""

    async def read(self, reference: str, caller: Caller) -> Resource | None:
        return None

    async def include(self, owner: str, *asked: Any, limit: int) -> list[Resource]:
        return []

    async def ids(self, owner: str, *asked: Any) -> list[str]:
        return []


@asynccontextmanager
async def engine_of(service: Service, dsn: str, **settings: Any) -> AsyncIterator[Engine]:
    pool = Pool(dsn, schema=service.name, size=8)
    await pool.open()
    store = await Store.open(pool, service)
    yield Engine(service, store, NoNeighbours(), Settings(**settings), b"secret of the tests")
    await pool.close()


def client_of(engine: Engine, **headers: str) -> httpx.AsyncClient:
    metrics = Metrics(engine.service.name)
    transport = httpx.ASGITransport(service_app(engine, metrics, Probes(metrics)))
    return httpx.AsyncClient(transport=transport, base_url=f"{BASE}/", headers=headers)


@pytest.fixture(scope="session")
async def engines(new_database: Any, migrated: str) -> AsyncIterator[Mapping[str, Engine]]:
    """An engine for every service, all in one database that these tests share."""
    dsn = await new_database(template=migrated)
    async with AsyncExitStack() as opened:
        yield {
            service.name: await opened.enter_async_context(engine_of(service, dsn)) for service in SERVICES
        }


@pytest.fixture(scope="session")
def engine(engines: Mapping[str, Engine]) -> Engine:
    """The engine of records."""
    return engines["records"]


@pytest.fixture(scope="session")
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    """A client of records."""
    async with client_of(engine) as opened:
        yield opened


@pytest.fixture
async def new_engine(new_database: Any, migrated: str) -> AsyncIterator[Engine]:
    """An engine of records on a database of this test's own."""
    async with engine_of(RECORDS, await new_database(template=migrated)) as engine:
        yield engine
