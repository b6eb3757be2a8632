"""A service in several processes on one database: each serves what any has written, events are told once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from demo.deployment import free_port
from telerehab.owners import SERVICES
from telerehab.settings import PREFIX
from tests.faults.breakable import PATIENCE, Breakable, until

WRITES = 20
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "Pain"},
    "subject": {"reference": "Patient/of-two-processes"},
}


@pytest.fixture
def second(platform: Breakable, tmp_path: Path) -> Iterator[str]:
    """The FHIR base of one more process of the service outcomes."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {f"{PREFIX}DATABASE_URL": platform.deployment.dsn, f"{PREFIX}PORT": str(port)}
    with (tmp_path / "second.log").open("wb") as log:
        command = [sys.executable, "-m", "telerehab.cli", "run", "outcomes"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    base = f"http://127.0.0.1:{port + 1 + SERVICES.index('outcomes')}"
    try:
        until(lambda: is_ready(base), "the second process")
        yield f"{base}/fhir/R4"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


async def told(dsn: str, ids: list[str]) -> int:
    """How many events about these Observations the broker has."""
    connection = await asyncpg.connect(dsn)
    try:
        subjects = [f"Observation/{id_}" for id_ in ids]
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM broker.log WHERE headers ->> 'ce_subject' = ANY ($1)", subjects
            )
        )
    finally:
        await connection.close()


def test_two_processes_of_a_service_are_one_service(platform: Breakable, second: str) -> None:
    bases = [second, platform.deployment.base]
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        made = [
            client.post(f"{bases[n % 2]}/Observation", json=OBSERVATION).raise_for_status().json()["id"]
            for n in range(WRITES)
        ]
        for number, id_ in enumerate(made):
            here, there = bases[number % 2], bases[1 - number % 2]
            url = f"{there}/Observation/{id_}"
            updated = {**OBSERVATION, "id": id_, "status": "amended"}
            assert client.put(url, json=updated, headers={"if-match": 'W/"1"'}).status_code == 200
            lost = client.put(f"{here}/Observation/{id_}", json=updated, headers={"if-match": 'W/"1"'})
            assert lost.status_code == 412
    dsn = platform.deployment.dsn
    until(lambda: asyncio.run(told(dsn, made)) >= 2 * WRITES, "the events of both")
    assert asyncio.run(told(dsn, made)) == 2 * WRITES
