"""Requests that want the same of the database at the same moment, sent to it together.

A round trip costs both sides more than most of what it is for. What comes while an earlier group is on its way goes
with the next one, so that groups grow with the load and nobody waits where there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gathering(Generic[Item, Result]):
    """Has `do` answer items in groups: one result for each, in order, an exception among them raised for its own.

    At most `lanes` groups are on their way at once. What `do` raises itself, all of its group get.
    """

    def __init__(
        self, do: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]], lanes: int = 1
    ) -> None:
        self._do = do
        self._lanes = lanes
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_starting = False

    async def __call__(self, item: Item) -> Result:
        """The result of one item; done even if whoever asked is cancelled meanwhile."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._is_starting and len(self._tasks) < self._lanes:
            self._is_starting = True  # it begins when all that came in this turn of the loop have been heard
            self._tasks.add(asyncio.create_task(self._run()))
        return await future

    async def _run(self) -> None:
        self._is_starting = False
        while self._waiting:
            group, self._waiting = self._waiting, []
            await self._answer(group)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.discard(task)

    async def _answer(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | Exception]
        try:
            results = await self._do([item for item, _ in group])
        except Exception as error:
            results = [error] * len(group)
        for (_, future), result in zip(group, results, strict=True):
            if future.done():
                continue  # who waited for it was cancelled
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
