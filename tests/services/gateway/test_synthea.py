"""Whole synthetic patients come back as they were sent, but for ids, references and the server's meta."""

from __future__ import annotations

import re
from typing import Any

from telerehab.access import Caller
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from tests.services.deployment import Deployment
from tests.services.gateway.bundles import ids, post


def as_sent(text: bytes, renamed: dict[str, str]) -> Any:
    """A stored resource with its references turned back, without id and the server's meta; numbers by their text."""
    content = json.parse_object(text)
    content["meta"] = {k: v for k, v in content["meta"].items() if k not in ("versionId", "lastUpdated")}
    if not content["meta"]:
        del content["meta"]
    del content["id"]
    plain = json.dump(content).decode()
    return re.sub(r'"([A-Z][A-Za-z]+/[0-9a-f-]{36})"', lambda found: f'"{renamed[found[1]]}"', plain)


def sent(resource: JsonObject) -> str:
    return json.dump({name: value for name, value in resource.items() if name != "id"}).decode()


async def test_every_synthea_patient_comes_back_as_sent(
    deployment: Deployment, synthea: list[JsonObject]
) -> None:
    assert len(synthea) == 12
    for bundle in synthea:
        answer = await post(deployment, bundle)
        assert answer.status_code == 200, answer.text[:2000]
        made = ids(answer)
        renamed = {new: entry["fullUrl"] for new, entry in zip(made, bundle["entry"], strict=True)}
        stored = await read(deployment, made)
        for new, entry in zip(made, bundle["entry"], strict=True):
            assert as_sent(stored[new], renamed) == sent(entry["resource"]), new
        assert (await deployment.client.get(made[-1])).content == stored[made[-1]]


async def read(on: Deployment, references: list[str]) -> dict[str, bytes]:
    """The stored resources as they are shown, asked of their owners a hundred or so at a time."""
    stored = {}
    for name, engine in on.engines.items():
        own = [reference for reference in references if reference.partition("/")[0] in engine.service.types]
        for resource in await on.neighbours.owner(name).read(own, Caller("test")):
            stored[resource.reference] = resource.wire()
    return stored


async def test_history_of_a_patient_says_nothing_but_that_resources_changed(
    deployment: Deployment, synthea: list[JsonObject]
) -> None:
    await post(deployment, synthea[0])
    types = set()
    for engine in deployment.engines.values():
        rows = await engine.store.pool.fetch("SELECT DISTINCT type FROM outbox")
        types |= {row["type"] for row in rows}
    assert types == {"telerehab.events.v1.ResourceChanged"}
