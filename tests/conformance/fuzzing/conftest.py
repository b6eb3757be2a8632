"""The whole platform, with all its rules, to send nonsense to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from telerehab.store.migrate import migrate
from tests.conformance.fuzzing.exchange import Platform
from tests.services.deployment import SERVICES, deployed


@pytest.fixture(scope="session")
async def platform(new_database: Any) -> AsyncIterator[Platform]:
    dsn = await new_database(name="fuzzing")
    await migrate(dsn, SERVICES)
    connection = await asyncpg.connect(dsn)
    async with deployed(dsn, "direct") as deployment:
        platform = Platform(deployment.app, connection, [service.name for service in SERVICES])
        await platform.prepare()
        yield platform
    await connection.close()
