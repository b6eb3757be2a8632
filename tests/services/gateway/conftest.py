"""Deployments to test the gateway on: every test that takes one runs over direct calls and over real ports."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from tests.services.deployment import Deployment, deployed

MODES = ("direct", "grpc")
_SYNTHEA = Path(__file__).parents[2] / "data" / "synthea-r4-transactions.ndjson.gz"


@pytest.fixture(scope="module", params=MODES)
async def deployment(
    request: pytest.FixtureRequest, new_database: Any, deployment_template: str
) -> AsyncIterator[Deployment]:
    """All services and the gateway, shared by the tests of a module."""
    dsn = await new_database(template=deployment_template)
    async with deployed(dsn, request.param) as running:
        yield running


@pytest.fixture
async def fragile(new_database: Any, deployment_template: str) -> AsyncIterator[Deployment]:
    """All services over real ports and the gateway, for one test that takes some of them down."""
    dsn = await new_database(template=deployment_template)
    async with deployed(dsn, "grpc") as running:
        yield running


@pytest.fixture(scope="session")
def synthea() -> list[JsonObject]:
    """Whole patients as transaction Bundles."""
    with gzip.open(_SYNTHEA, "rb") as lines:
        return [json.parse_object(line) for line in lines]
