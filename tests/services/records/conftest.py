"""records alone, at work on a real PostgreSQL: no other service is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.records.service import service
from telerehab.engine import Engine
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from tests.telerehab.server.conftest import client_of, engine_of


@dataclass
class Records:
    """The service as a test uses it."""

    engine: Engine
    client: httpx.AsyncClient

    async def post(self, url: str, content: JsonObject, status: int = 201) -> Any:
        return await self._send("POST", url, status, json.dump(content))

    async def put(self, content: JsonObject, status: int = 201) -> Any:
        url = f"{content['resourceType']}/{content['id']}"
        return await self._send("PUT", url, status, json.dump(content))

    async def get(self, url: str, status: int = 200) -> Any:
        return await self._send("GET", url, status, None)

    async def _send(self, method: str, url: str, status: int, body: bytes | None) -> Any:
        headers = {"content-type": "application/fhir+json"}
        response = await self.client.request(method, url, content=body, headers=headers)
        assert response.status_code == status, response.text
        return json.parse(response.content)


@pytest.fixture(scope="module")
async def engine(new_database: Any, deployment_template: str) -> AsyncIterator[Engine]:
    async with engine_of(service, await new_database(template=deployment_template)) as opened:
        yield opened


@pytest.fixture
async def records(engine: Engine) -> AsyncIterator[Records]:
    async with client_of(engine) as client:
        yield Records(engine, client)
