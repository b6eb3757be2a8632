"""All services and the gateway, for the tests of booking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.services.deployment import Deployment, deployed


@pytest.fixture(scope="module")
async def clinic(new_database: Any, deployment_template: str) -> AsyncIterator[Deployment]:
    async with deployed(await new_database(template=deployment_template), "direct") as running:
        yield running


@pytest.fixture
def client(clinic: Deployment) -> httpx.AsyncClient:
    return clinic.client
