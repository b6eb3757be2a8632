"""Lanes: work of one lane is done one after the other, that of different lanes side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable

Work = Callable[[], Awaitable[None]]


class Lanes:
    """Runs work in lanes, at most `abreast` at a time; work must deal with its own failures."""

    def __init__(self, abreast: int) -> None:
        self._abreast = asyncio.Semaphore(abreast)
        self._queues: dict[Hashable, deque[Work]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, lane: Hashable, work: Work) -> None:
        """Do `work` after all that was added to its lane before."""
        queue = self._queues.get(lane)
        if queue is not None:
            queue.append(work)
            return
        self._queues[lane] = deque([work])
        task = asyncio.create_task(self._drain(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, lane: Hashable) -> None:
        queue = self._queues[lane]
        while queue:
            async with self._abreast:
                await queue.popleft()()
        del self._queues[lane]

    async def stop(self) -> None:
        """Leave what has not begun, and wait for what has."""
        for queue in self._queues.values():
            queue.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cancel(self) -> None:
        """End at once, whatever has begun."""
        for task in self._tasks:
            task.cancel()
