"""The platform in processes of its own, on free ports and a data folder of its own, for as long as it is needed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg

from telerehab.owners import SERVICES
from telerehab.settings import PREFIX
from telerehab.store import embedded

READY = "is ready"
START_SECONDS = 90
STOP_SECONDS = 60
LINES_SHOWN = 25


class CannotStart(RuntimeError):
    """The processes ended, or said nothing for too long; the message has the last they said."""


class Deployment:
    """A running platform: `base` is its FHIR base, `data` its folder, `process` the one that runs the others."""

    def __init__(self, data: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.data = data
        self.port = port
        self.process = process
        self.log = log
        self.base = f"http://127.0.0.1:{port}/fhir/R4"

    @property
    def dsn(self) -> str:
        """The database, as its superuser."""
        return embedded.dsn_of(self.data)

    def events(self) -> Counter[str]:
        """How many events of each type have ever been said ("ResourceChanged"), delivered or still on their way."""
        return asyncio.run(_events(self.dsn))


@contextmanager
def deployed(
    data: Path, *, separate: bool = True, settings: Mapping[str, str] | None = None
) -> Iterator[Deployment]:
    """The platform in the data folder `data`, ready; stopped at the end. Raises `CannotStart`.

    `settings` are further variables of its environment.
    """
    port = free_port()
    log = data.with_name(f"{data.name}.log")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    told = {f"{PREFIX}DATA": str(data), f"{PREFIX}PORT": str(port), "PYTHONUNBUFFERED": "1"}
    told |= settings or {}
    process = subprocess.Popen(
        [sys.executable, "-m", "telerehab.cli", "run", *(["--separate"] if separate else [])],
        env={**kept, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for us: we stop it in order
    )
    ready = threading.Event()
    reading = threading.Thread(target=_keep_output, args=(process, log, ready), daemon=True)
    reading.start()
    try:
        if not ready.wait(START_SECONDS) or process.poll() is not None:
            raise CannotStart("\n".join(log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]))
        yield Deployment(data, port, process, log)
    finally:
        _stop(process)
        reading.join(STOP_SECONDS)


def free_port() -> int:
    """A TELEREHAB_PORT with which all HTTP and gRPC ports of a deployment are free at this moment."""
    bases = list(range(10000, 31000, 10))
    random.shuffle(bases)
    return next(
        base for base in bases if _are_free([*range(base, base + 6), *range(base + 1000, base + 1006)])
    )


def _are_free(ports: list[int]) -> bool:
    with ExitStack() as taken:
        try:
            for port in ports:
                taken.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _keep_output(process: subprocess.Popen[bytes], log: Path, ready: threading.Event) -> None:
    """Write what the processes say to `log`; `ready` is set when they are, and when they have ended."""
    assert process.stdout is not None
    with log.open("wb", buffering=0) as file:
        for line in process.stdout:
            file.write(line)
            if READY.encode() in line and not line.startswith(b"{"):
                ready.set()
    process.wait()
    ready.set()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _events(dsn: str) -> Counter[str]:
    """Each event once: while it is relayed it may be in the outbox and in the log."""
    said = " UNION ".join(
        [
            "SELECT event_id, headers ->> 'ce_type' AS type FROM broker.log",
            *(f'SELECT event_id, type FROM "{service}".outbox' for service in SERVICES),
        ]
    )
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(f"SELECT type, count(*) AS times FROM ({said}) AS said GROUP BY type")
    finally:
        await connection.close()
    return Counter({row["type"].rpartition(".")[2]: row["times"] for row in rows})
