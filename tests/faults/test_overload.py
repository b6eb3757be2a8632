"""A platform that is asked for more than it can do: bulk is held back or refused, care is answered meanwhile."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from demo.deployment import deployed
from tests.faults.breakable import FHIR_JSON, PATIENCE, Breakable

FLOOD = 120
WAITING = 80
ENTRIES = 150
CARE = 10
QUICK_SECONDS = 5.0  # a busy machine is slow; without places of its own care takes as long as all of the bulk
MOST_GROWTH = 400 * 2**20  # bytes, of all processes together


@pytest.fixture
def small(short_folder: Path) -> Iterator[Breakable]:
    """A platform that lets few wait."""
    with deployed(
        short_folder / "overload", settings={"TELEREHAB_REQUESTS_WAITING": str(WAITING)}
    ) as running:
        yield Breakable(running)


def bundle() -> bytes:
    """A batch that is much work."""
    patient = {"resourceType": "Patient", "name": [{"family": "Load", "text": "x" * 200}]}
    entry = {"resource": patient, "request": {"method": "POST", "url": "Patient"}}
    return json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry] * ENTRIES}).encode()


def memory(platform: Breakable) -> int:
    tree = psutil.Process(platform.deployment.process.pid).children()
    return sum(each.memory_info().rss for each in tree if "python" in each.name())


async def flooded(platform: Breakable) -> tuple[list[tuple[int, str | None, Any]], list[float]]:
    """What the bulk was answered, and how long each care request took while bulk was in progress."""
    base = f"{platform.deployment.base}/"
    body = bundle()
    first = asyncio.Event()
    answered: list[tuple[int, str | None, Any]] = []
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(base, connector=connector, timeout=timeout, headers=FHIR_JSON) as client:

        async def bulk() -> None:
            async with client.post("", data=body) as response:
                content = await response.json(content_type=None)
                first.set()
                answered.append((response.status, response.headers.get("Retry-After"), content))

        async def care() -> float:
            started = time.monotonic()
            patient = {"resourceType": "Patient", "active": True}
            async with client.post("Patient", data=json.dumps(patient)) as response:
                assert response.status == 201
                place = response.headers["Location"]
            async with client.get(place) as response:
                assert response.status == 200
            return time.monotonic() - started

        flood = [asyncio.create_task(bulk()) for _ in range(FLOOD)]
        await first.wait()  # it is refused, the others are at work
        taken = [await care() for _ in range(CARE)]
        await asyncio.gather(*flood)
    return answered, taken


async def test_care_is_answered_while_bulk_floods_and_all_is_well_afterwards(small: Breakable) -> None:
    before = memory(small)
    answered, taken = await flooded(small)
    done = [content for status, _, content in answered if status == 200]
    refused = [(wait, content) for status, wait, content in answered if status == 503]
    assert done
    assert refused
    assert len(done) + len(refused) == FLOOD
    for wait, content in refused:
        assert wait == "5"
        assert content["resourceType"] == "OperationOutcome"
        assert content["issue"][0]["code"] == "throttled"
    for content in done:
        assert {entry["response"]["status"][:3] for entry in content["entry"]} == {"201"}
    assert statistics.median(taken) < QUICK_SECONDS
    assert memory(small) - before < MOST_GROWTH
    small.until_serving()
    metrics = small.client.get(f"http://127.0.0.1:{small.deployment.port}/metrics").text
    assert 'telerehab_requests_in_progress{kind="bulk"} 0.0' in metrics
    assert 'telerehab_requests_waiting{kind="bulk"} 0.0' in metrics
    assert f'telerehab_requests_refused_total{{kind="bulk"}} {len(refused)}.0' in metrics
