"""A deployment whose processes can be killed (kill -9), waited for, and looked at from behind."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import asyncpg
import httpx
import psutil

from demo.deployment import Deployment
from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY

POSTGRESQL = "postgresql"
EVERYBODY = (GATEWAY, *SERVICES, POSTGRESQL)
PATIENCE = 60.0
FHIR_JSON = {"content-type": "application/fhir+json"}


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait for a condition, which may be asked often, for so many seconds."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        pause.wait(0.05)


class Breakable:
    """One platform; `client` speaks to its gateway from any thread."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.dsn = deployment.dsn
        self.client = httpx.Client(
            base_url=f"{deployment.base}/",
            timeout=30,
            trust_env=False,
            headers=FHIR_JSON,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def kill(self, name: str) -> bool:
        """kill -9 of a service, the gateway, or the database; False if it is down already."""
        process = self._postgresql() if name == POSTGRESQL else self._service(name)
        if process is not None:
            process.kill()
        return process is not None

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP for a service, which goes on when the context is left."""
        process = self._service(name)
        assert process is not None
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def until_serving(self) -> None:
        """Until the gateway, every service and with them the database answer."""
        for offset, name in enumerate((GATEWAY, *SERVICES)):
            until(partial(self._is_ready, self.deployment.port + offset), f"{name} to be ready")

    def rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """What one statement finds, in one snapshot of the database."""
        found: list[dict[str, Any]] = []

        def asked() -> bool:
            try:
                found[:] = asyncio.run(_fetch(self.dsn, statement, *arguments))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return False
            return True

        until(asked, "the database")
        return found

    def _is_ready(self, port: int) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _service(self, name: str) -> psutil.Process | None:
        for process in psutil.Process(self.deployment.process.pid).children():
            try:
                if process.cmdline()[-2:-1] == [name]:
                    return process
            except psutil.Error:
                continue
        return None

    def _postgresql(self) -> psutil.Process | None:
        try:
            text = (self.deployment.data / "postgres" / "postmaster.pid").read_text()
            return psutil.Process(int(text.split()[0]))
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
            return None


async def _fetch(dsn: str, statement: str, *arguments: Any) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [dict(row) for row in await connection.fetch(statement, *arguments)]
    finally:
        await connection.close()
