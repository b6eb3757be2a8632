"""A platform whose parts the test itself starts and stops: a service that is down stays down until it is started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from demo.deployment import free_port
from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY, PREFIX
from tests.faults.breakable import until

PARTS = (GATEWAY, *SERVICES)


class Apart:
    """A process for each service and the gateway, on the database `dsn`; `log` is what they say."""

    def __init__(self, dsn: str, log: Path) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}/fhir/R4"
        self._log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        own = {f"{PREFIX}DATABASE_URL": dsn, f"{PREFIX}PORT": str(self.port)}
        self._environment: Mapping[str, str] = {**kept, **own}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Prepare the database and start every part."""
        command = [sys.executable, "-m", "telerehab.cli", "database", "init"]
        subprocess.run(command, env=self._environment, check=True)
        for name in PARTS:
            self._start(name)
        for name in PARTS:
            self._until_ready(name)

    def stop(self) -> None:
        """End every part."""
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()

    @contextmanager
    def down(self, name: str) -> Iterator[None]:
        """kill -9 of a part, which is there again when the context is left."""
        process = self._running.pop(name)
        process.kill()
        process.wait()
        yield
        self._start(name)
        self._until_ready(name)

    def _start(self, name: str) -> None:
        with self._log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "telerehab.cli", "run", name],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _until_ready(self, name: str) -> None:
        url = f"http://127.0.0.1:{self.port + PARTS.index(name)}/readyz"

        def is_ready() -> bool:
            assert self._running[name].poll() is None, self._log.read_text(errors="replace")[-2000:]
            try:
                return httpx.get(url, trust_env=False, timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        until(is_ready, f"{name} to be ready")
