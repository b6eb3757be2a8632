"""Two processes of one service behind a balancer that heeds readiness: one is stopped, and no request fails."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from demo.deployment import free_port
from telerehab.owners import SERVICES
from telerehab.settings import PREFIX
from tests.faults.breakable import FHIR_JSON, PATIENCE, Breakable, until
from tests.faults.test_several_processes import is_ready

CLIENTS = 8
EXIT_SECONDS = 30.0
REQUESTS_AFTER = 50
PATIENT = b'{"resourceType":"Patient","active":true}'


class Replica:
    """One process of the service records, and what the balancer thinks of it."""

    def __init__(self, dsn: str, log: Path) -> None:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment |= {f"{PREFIX}DATABASE_URL": dsn, f"{PREFIX}PORT": str(port)}
        self.base = f"http://127.0.0.1:{port + 1 + SERVICES.index('records')}"
        self.ready = True
        with log.open("wb") as output:
            command = [sys.executable, "-m", "telerehab.cli", "run", "records"]
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


@pytest.fixture
def replicas(platform: Breakable, tmp_path: Path) -> Iterator[list[Replica]]:
    with ExitStack() as stack:
        started = []
        for number in range(2):
            replica = Replica(platform.dsn, tmp_path / f"{number}.log")
            stack.callback(replica.end)
            started.append(replica)
        for replica in started:
            until(lambda base=replica.base: is_ready(base), "a replica")  # type: ignore[misc]
        yield started


class Balancer:
    """Sends each request to the next replica that was ready when last asked; sends none twice."""

    def __init__(self, client: aiohttp.ClientSession, replicas: list[Replica]) -> None:
        self.statuses: list[object] = []
        self._client = client
        self._replicas = replicas
        self._turns = itertools.cycle(replicas)

    async def watch(self) -> None:
        while True:
            for replica in self._replicas:
                try:
                    async with self._client.get(f"{replica.base}/readyz") as answer:
                        replica.ready = answer.status == 200
                except aiohttp.ClientError:
                    replica.ready = False
            await asyncio.sleep(0.05)

    async def load(self) -> None:
        while True:
            replica = next(each for each in self._turns if each.ready)
            try:
                url = f"{replica.base}/fhir/R4/Patient"
                async with self._client.post(url, data=PATIENT) as answer:
                    await answer.read()
                    self.statuses.append(answer.status)
            except aiohttp.ClientError as error:
                self.statuses.append(error)


async def test_a_replica_that_stops_under_load_fails_no_request(replicas: list[Replica]) -> None:
    stopped = replicas[0]
    async with aiohttp.ClientSession(headers=FHIR_JSON) as client:
        balancer = Balancer(client, replicas)
        tasks = [asyncio.create_task(balancer.watch())]
        tasks += [asyncio.create_task(balancer.load()) for _ in range(CLIENTS)]
        await _until(lambda: len(balancer.statuses) >= REQUESTS_AFTER)
        began = time.monotonic()
        stopped.process.send_signal(signal.SIGTERM)
        await _until(lambda: stopped.process.poll() is not None)
        took = time.monotonic() - began
        seen = len(balancer.statuses)
        await _until(lambda: len(balancer.statuses) >= seen + REQUESTS_AFTER)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert {*balancer.statuses} == {201}
    assert stopped.process.returncode == 0
    assert took < EXIT_SECONDS


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - a process that ends sets no event
            await asyncio.sleep(0.01)
