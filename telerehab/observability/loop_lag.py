"""How late the event loop is: the first sign that something blocks it or that one core is no longer enough."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SECONDS_BETWEEN = 0.5


async def watch_loop(note: Callable[[float], None]) -> None:
    """Note the lag (seconds) again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + SECONDS_BETWEEN
        await asyncio.sleep(SECONDS_BETWEEN)
        note(max(0.0, loop.time() - due))
