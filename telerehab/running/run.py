"""`telerehab run`: the database, then the services in this process or each in its own, then wait for the signal.

https://12factor.net/disposability
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from telerehab.running.announcement import announcement
from telerehab.running.database import database
from telerehab.running.hosted import OpenService
from telerehab.running.hosting import host
from telerehab.running.supervisor import Child, supervise
from telerehab.settings import Settings

ChildOf = Callable[[str, Settings], Child]
Prepare = Callable[[Settings], Awaitable[None]]

COLLECT_AFTER = (10_000, 20, 20)
"""How many objects more than before, and then how many collections, start one of the three generations'."""


def run_here(
    names: Sequence[str],
    settings: Settings,
    open_service: OpenService,
    prepare: Prepare | None = None,
    *,
    until_stdin_closes: bool = False,
) -> None:
    """Run services in this process until SIGINT or SIGTERM (or the end of stdin).

    `prepare` brings the embedded database up to date; one that is configured is left to its own administration.
    """

    async def run(stop: Stop) -> None:
        if until_stdin_closes:
            _stop_at_end_of_stdin(stop)
        async with database(names, settings) as (with_database, server):
            if server is not None and prepare is not None:
                await prepare(with_database)
            said = announcement(names, settings, embedded=server is not None)

            def ready() -> None:
                _settle()
                if not until_stdin_closes:  # then the supervisor says what there is to say
                    _say(said)

            def delay() -> float:
                return settings.stop_delay if stop.is_gentle else 0.0

            await host(names, with_database, open_service, stop=stop, ready=ready, delay=delay)

    _run(run)


def run_separately(
    names: Sequence[str], settings: Settings, child_of: ChildOf, prepare: Prepare | None = None
) -> None:
    """Run each service in a process of its own until SIGINT or SIGTERM; the database outlives them."""

    async def run(stop: Stop) -> None:
        async with database(names, settings) as (with_database, server):
            if server is not None and prepare is not None:
                await prepare(with_database)
            said = announcement(names, settings, embedded=server is not None)
            children = [child_of(name, with_database) for name in names]
            seconds = settings.stop_delay + 2 * settings.stop_timeout  # first HTTP is drained, then gRPC
            await supervise(children, seconds, stop=stop, ready=lambda: _say(said))

    _run(run)


class Stop(asyncio.Event):
    """Set once the process is to stop; `is_gentle` where others need to notice first, as SIGTERM has it."""

    is_gentle = False

    def gently(self) -> None:
        self.is_gentle = True
        self.set()


def _run(work: Callable[[Stop], Coroutine[Any, Any, None]]) -> None:
    import uvloop  # not for Windows, where settings and help still work

    async def until_signal() -> None:
        stop = Stop()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, stop.set)
        loop.add_signal_handler(signal.SIGTERM, stop.gently)
        await work(stop)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_signal())
    except ExceptionGroup as group:
        raise _first(group) from None


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _stop_at_end_of_stdin(stop: asyncio.Event) -> None:
    """Stop when whoever holds the other end of stdin is gone, even if it was killed."""
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_end, name="end of stdin", daemon=True).start()


def _settle() -> None:
    """What is there by now stays for good: the garbage collector need not look through it with every request.

    Nor look so often: a request makes thousands of objects, next to none of them in circles. It took 8 % of a create.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
