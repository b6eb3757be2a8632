"""Every official example comes back as it was sent, but for the server's own meta."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from telerehab.engine import Engine
from telerehab.fhir import json
from telerehab.fhir.json import Number
from telerehab.fhir.validation import validate
from telerehab.owners import owner_of
from telerehab.resource import with_id, without_server_meta
from tests.telerehab.server.conftest import client_of

_FILE = Path(__file__).parents[2] / "data" / "r4-examples.ndjson.gz"


def examples() -> list[tuple[str, str]]:
    with gzip.open(_FILE, "rt", encoding="utf-8") as lines:
        return [(example["file"], example["text"]) for example in map(json.parse, lines)]


def exactly(value: Any) -> Any:
    """Comparable with `==`, numbers by their text."""
    if isinstance(value, Number):
        return f"number {value.text}"
    if isinstance(value, dict):
        return {name: exactly(held) for name, held in value.items()}
    return [exactly(held) for held in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def sent() -> list[tuple[str, Any]]:
    """The examples that are valid; which are not is told where validation is tested."""
    parsed = [(file, json.parse(text)) for file, text in examples()]
    named = [(file, with_id(content, content.get("id", "example"))) for file, content in parsed]
    return [(file, content) for file, content in named if not validate(content)]


async def test_examples_come_back_as_they_were(
    engines: Mapping[str, Engine], sent: list[tuple[str, Any]]
) -> None:
    clients = {name: client_of(engine) for name, engine in engines.items()}
    assert len(sent) > 300
    for file, content in sent:
        client = clients[owner_of(content["resourceType"])]
        url = f"{content['resourceType']}/{content['id']}"
        stored = await client.put(
            url, content=json.dump(content), headers={"content-type": "application/json"}
        )
        assert stored.status_code in (200, 201), (file, stored.text)
        got = await client.get(url)
        assert got.content == stored.content
        shown = json.parse(got.content)
        assert shown["meta"]["versionId"] == stored.headers["etag"][3:-1]
        assert exactly(without_server_meta(shown)) == exactly(without_server_meta(content)), file
        again = await client.put(url, content=got.content, headers={"content-type": "application/json"})
        assert again.headers["etag"] == stored.headers["etag"], file
