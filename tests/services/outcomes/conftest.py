"""outcomes alone, at work on a real PostgreSQL: no other service is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message

from services.outcomes.service import service
from telerehab import identity
from telerehab.access import Caller
from telerehab.content import bring
from telerehab.engine import Engine
from telerehab.event import Event
from telerehab.events.catalogue import message_class
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.unit_of_work import UnitOfWork
from tests.telerehab.server.conftest import client_of, engine_of

CALLER = Caller("test")
START = datetime(2026, 3, 3, 9, tzinfo=UTC)


@dataclass
class Outcomes:
    """The service as one patient's test uses it; its clock stands still until the test moves it."""

    engine: Engine
    client: httpx.AsyncClient
    patient: str = field(default_factory=identity.new_id)
    now: datetime = START

    async def post(self, content: JsonObject, status: int = 201) -> JsonObject:
        """Create `content` (its id is the server's to give) for this test's patient."""
        mine = {name: value for name, value in content.items() if name != "id"}
        return await self.send("POST", mine["resourceType"], self.mine(mine), status)

    async def put(self, content: JsonObject, status: int = 200) -> JsonObject:
        return await self.send("PUT", f"{content['resourceType']}/{content['id']}", content, status)

    async def send(self, method: str, url: str, content: JsonObject | None, status: int) -> JsonObject:
        body = json.dump(content) if content else None
        headers = {"content-type": "application/fhir+json"}
        response = await self.client.request(method, url, content=body, headers=headers)
        assert response.status_code == status, response.text
        return json.parse_object(response.content) if response.content else {}

    def mine(self, content: JsonObject) -> JsonObject:
        """`content` about this test's patient."""
        return {**content, "subject": {"reference": f"Patient/{self.patient}"}}

    async def find(self, type_: str, query: str = "") -> list[JsonObject]:
        """The resources of this test's patient, oldest first."""
        found = await self.engine.search_all(f"{type_}?patient=Patient/{self.patient}{query}", CALLER.access)
        return [one.content for one in found]

    async def said(self, message_type: type[Message] | None = None) -> list[Any]:
        """Every event about this test's patient, in order, or those of one type."""
        rows = await self.engine.store.fetch("SELECT type, payload FROM outbox ORDER BY id")
        messages = [_message(row["type"], row["payload"]) for row in rows]
        mine = [one for one in messages if getattr(one, "patient_id", None) == self.patient]
        return [one for one in mine if message_type is None or isinstance(one, message_type)]

    async def hear(self, message: Message) -> None:
        """Have the service's own handlers take an event, twice, each time as if for the first time."""
        for _ in range(2):
            event = Event(identity.new_id(), b"k", "Appointment/1", self.now, message)
            for handler in service.handlers_of(message.DESCRIPTOR.full_name):
                work = UnitOfWork(self.engine, CALLER, event=event)
                await handler.handle(event, work)
                await self.engine.commit(work)

    async def after(self, **passed: float) -> None:
        """Let time pass, and the service do what time brings about."""
        self.now += timedelta(**passed)
        for piece in service.periodic:
            await self.engine.run(CALLER, piece.perform)


def _message(name: str, payload: bytes) -> Message:
    kind = message_class(name)
    assert kind is not None
    return kind.FromString(payload)


@pytest.fixture(scope="module")
async def engine(new_database: Any, deployment_template: str) -> AsyncIterator[Engine]:
    async with engine_of(service, await new_database(template=deployment_template)) as opened:
        await bring(opened)
        yield opened


@pytest.fixture
async def outcomes(engine: Engine) -> AsyncIterator[Outcomes]:
    async with client_of(engine) as client:
        opened = Outcomes(engine, client)
        engine.clock = lambda: opened.now
        yield opened
