"""All services and the gateway, for the tests of booking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message

from telerehab.events.database import Database
from tests.services.deployment import Deployment, deployed
from tests.services.hearing import hear


@pytest.fixture(scope="module")
async def clinic(new_database: Any, deployment_template: str) -> AsyncIterator[Deployment]:
    async with deployed(await new_database(template=deployment_template), "direct") as running:
        yield running


@pytest.fixture(scope="module")
async def heard(clinic: Deployment) -> AsyncIterator[Callable[[Message], Awaitable[None]]]:
    """Has scheduling hear an event."""
    database = await Database(clinic.dsn).open()
    yield partial(hear, clinic.engines["scheduling"], database)
    await database.close()


@pytest.fixture
def client(clinic: Deployment) -> httpx.AsyncClient:
    return clinic.client
