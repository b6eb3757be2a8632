"""Services in processes of their own, kept running: output passed on, restarted with growing pauses, all stopped.

https://www.erlang.org/doc/system/sup_princ.html
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from telerehab.observability.logs import Log
from telerehab.settings import PREFIX, Settings

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
SOUND_AFTER = 30.0  # seconds alive after which a failure counts as the first again
SECONDS_BETWEEN_ASKING = 0.05
MISCONFIGURED = 2  # the exit status of a process that starting again can't help

_log = Log(__name__)


class CannotStart(RuntimeError):
    """A service says it can't run as configured; its own output has the reason."""


@dataclass(frozen=True, slots=True)
class Child:
    """How to start one service: its command, what its environment has besides ours, where to ask it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    address: tuple[str, int]


def child_of_this_program(name: str, settings: Settings) -> Child:
    """`telerehab run NAME`, with the database it is to use; it ends when we do, however we end."""
    own = settings.of(name)
    assert own.database_url is not None
    return Child(
        name,
        [sys.executable, "-m", "telerehab.cli", "run", name, "--until-stdin-closes"],
        {f"{PREFIX}{name.upper()}_DATABASE_URL": own.database_url.get_secret_value()},
        (settings.reachable_host, own.port),
    )


async def supervise(
    children: Sequence[Child], stop_seconds: float, *, stop: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Run the children until `stop` is set; `ready` is called once when all of them have said so.

    Raises `CannotStart` when one exits as misconfigured. All have ended when this returns or raises.
    """
    waiting = {child.name for child in children}

    def is_ready(name: str) -> None:
        if name in waiting:
            waiting.discard(name)
            if not waiting:
                ready()

    try:
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(_keep_running(child, stop_seconds, stop, is_ready))
    except* CannotStart as failures:
        raise failures.exceptions[0] from None


async def _keep_running(
    child: Child, stop_seconds: float, stop: asyncio.Event, is_ready: Callable[[str], None]
) -> None:
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE
    while not stop.is_set():
        started = loop.time()
        exit_status = await _run_once(child, stop_seconds, stop, is_ready)
        if stop.is_set():
            return
        if exit_status == MISCONFIGURED:
            raise CannotStart(f"{child.name} can't run as configured; its output above says why.")
        if loop.time() - started > SOUND_AFTER:
            pause = FIRST_PAUSE
        _log.error("service.died", service=child.name, exit_code=exit_status, seconds=pause)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _run_once(
    child: Child, stop_seconds: float, stop: asyncio.Event, is_ready: Callable[[str], None]
) -> int:
    """Run the process to its end, which comes when it dies or `stop` is set; gives its exit status."""
    process = await asyncio.create_subprocess_exec(
        *child.command,
        stdin=asyncio.subprocess.PIPE,  # its end tells the child that we are gone
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **child.environment},
        start_new_session=True,  # Ctrl-C is for us; we stop the children in order
        limit=2**20,
    )
    _log.info("service.started", service=child.name, process=process.pid)
    output = asyncio.create_task(_pass_on(child.name, process.stdout))
    asking = asyncio.create_task(_until_ready(child, is_ready))
    ending = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (asking, stopping):
            task.cancel()
        await _end(process, stop_seconds)
        await output
    return await ending


async def _end(process: asyncio.subprocess.Process, seconds: float) -> None:
    for number, patience in ((signal.SIGTERM, seconds + 5), (signal.SIGKILL, None)):
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), patience)


async def _pass_on(name: str, lines: asyncio.StreamReader | None) -> None:
    assert lines is not None
    prefix = f"{name} | ".encode()
    while line := await lines.readline():
        sys.stdout.buffer.write(prefix + line)
        sys.stdout.buffer.flush()


async def _until_ready(child: Child, is_ready: Callable[[str], None]) -> None:
    while True:
        if await asyncio.to_thread(_is_ready, child.address):
            return is_ready(child.name)
        await asyncio.sleep(SECONDS_BETWEEN_ASKING)


def _is_ready(address: tuple[str, int]) -> bool:
    connection = HTTPConnection(*address, timeout=2)  # not urllib, which would ask a configured proxy
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
