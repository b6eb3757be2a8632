"""What a service brings along is stored once, whoever starts when, and only what changed is written again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from telerehab.access import Caller
from telerehab.content import bring
from telerehab.fhir.json import JsonObject
from telerehab.service import Service
from telerehab.store.migrate import migrate
from tests.telerehab.server.conftest import SERVICES, engine_of


def questionnaires(title: str = "Pain") -> list[JsonObject]:
    return [
        {"resourceType": "Questionnaire", "id": f"q{number}-1", "status": "draft", "title": title}
        for number in range(3)
    ]


async def versions(engine: Any) -> list[int]:
    found = await engine.search_all("Questionnaire?status=draft", Caller("test").access)
    return sorted(one.version for one in found)


async def test_content_is_stored_once_by_replicas_that_start_together(database: str) -> None:
    await migrate(database, SERVICES)
    service = Service("outcomes", content=[questionnaires])
    async with engine_of(service, database) as one, engine_of(service, database) as other:
        await asyncio.gather(*(bring(engine) for engine in (one, other) for _ in range(3)))
        assert await versions(one) == [1, 1, 1]
        events = await one.store.pool.fetch("SELECT type FROM outbox")
        assert [row["type"] for row in events] == ["telerehab.events.v1.ResourceChanged"] * 3


async def test_content_that_differs_is_a_next_version(database: str) -> None:
    await migrate(database, SERVICES)
    service = Service("outcomes", content=[questionnaires])
    async with engine_of(service, database) as engine:
        await bring(engine)
        engine.service = replace(
            service, content=[lambda: [*questionnaires()[:2], *questionnaires("Pain now")[2:]]]
        )
        await bring(engine)
        assert await versions(engine) == [1, 1, 2]
