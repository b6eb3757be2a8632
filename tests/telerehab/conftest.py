"""Engines of small services made for a test, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from telerehab.change import Rule
from telerehab.engine import Engine
from telerehab.service import Service
from telerehab.store.migrate import migrate
from tests.telerehab.server.conftest import SERVICES, engine_of

Serve = Callable[..., Awaitable[Engine]]


@pytest.fixture(scope="session")
async def migrated(new_database: Any) -> str:
    """The name of a database with the schemas of all services, to copy."""
    await migrate(await new_database(name="server_migrated"), SERVICES)
    return "server_migrated"


@pytest.fixture(scope="session")
async def shared_dsn(new_database: Any, migrated: str) -> str:
    """A database that tests share which make resources under ids of their own."""
    dsn: str = await new_database(template=migrated)
    return dsn


@pytest.fixture
async def serve(shared_dsn: str) -> AsyncIterator[Serve]:
    """`await serve(*rules, ...)` gives an engine of records, or of the service of `name`, with these rules."""
    async with AsyncExitStack() as opened:

        async def make(*rules: Rule, name: str = "records", dsn: str = shared_dsn, **parts: Any) -> Engine:
            return await opened.enter_async_context(engine_of(Service(name, rules=rules, **parts), dsn))

        yield make
