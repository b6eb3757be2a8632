"""Real resources to search, and a search over a handful of them in memory."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from telerehab.fhir import json
from telerehab.fhir.search import index, matches, parse_query

Resource = dict[str, Any]
Found = Callable[..., bool]

_DATA = Path(__file__).parents[3] / "data"


def _lines(name: str) -> Iterator[Any]:
    with gzip.open(_DATA / name) as lines:
        yield from map(json.parse, lines)


@pytest.fixture(scope="session")
def examples() -> list[tuple[str, Resource]]:
    """The official R4 examples with their file names."""
    return [(line["file"], json.parse(line["text"])) for line in _lines("r4-examples.ndjson.gz")]


@pytest.fixture(scope="session")
def synthea() -> list[Resource]:
    """Every resource of the synthetic patients."""
    return [
        entry["resource"]
        for bundle in _lines("synthea-r4-transactions.ndjson.gz")
        for entry in bundle["entry"]
    ]


@pytest.fixture
def found() -> Found:
    """`found(resource, name, value)`: whether a search by it finds the resource."""

    def search(resource: Resource, name: str, value: str, **setting: Any) -> bool:
        setting.setdefault("now", datetime(2024, 1, 1, tzinfo=UTC))
        base = setting.get("base", "")
        query = parse_query(resource["resourceType"], [(name, value)], **setting)
        return matches(query.where, index(resource, base), datetime(2013, 1, 14, 10, tzinfo=UTC))

    return search
