"""An event loop in which nothing is left to chance but the seed: virtual time, one thread, no I/O.

Each simulated process has a queue of its own that is served in order, as asyncio promises to a real one; which
process goes next is drawn. Time moves only when nobody can go on.
https://docs.python.org/3/library/asyncio-eventloop.html
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")


class Process:
    """A process that can be killed or frozen at any step; its tasks are those begun in its context."""

    def __init__(self, loop: SimulatedLoop, name: str) -> None:
        self.name = name
        self.dead = False
        self.frozen = False
        self.queue: deque[Handle] = deque()
        self.tasks: dict[SimulatedTask, None] = {}
        self.losses: dict[Callable[[], None], None] = {}
        """What happens at the servers when the connections of this process are lost."""
        self._loop = loop
        self.context = copy_context()
        self.context.run(RUNNING.set, self)

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task in this process."""
        task: asyncio.Task[T] = self._loop.create_task(work, context=self.context.copy())
        return task

    def kill(self) -> None:
        """End without a word: all that it still does is to unwind, and no server hears from it again."""
        self.dead = True
        self.cut()
        for task in list(self.tasks):
            task.cancel()
        self.thaw()

    def freeze(self) -> None:
        """Stop at this very point; timers go on without it, and the servers know nothing of it."""
        self.frozen = True
        self._loop.runnable.pop(self, None)

    def thaw(self) -> None:
        self.frozen = False
        if self.queue:
            self._loop.runnable[self] = None

    def cut(self) -> None:
        """Lose every connection."""
        losses, self.losses = self.losses, {}
        for lost in losses:
            lost()


RUNNING: ContextVar[Process] = ContextVar("simulated_process")


class Handle:
    """A callback that waits for its turn, or for its time."""

    __slots__ = ("_args", "_callback", "_cancelled", "_when", "context", "process")

    def __init__(self, callback: Any, args: Any, context: Context | None, when: float = 0.0) -> None:
        self._callback, self._args, self._when = callback, args, when
        self._cancelled = False
        self.context = copy_context() if context is None else context
        self.process = self.context[RUNNING]

    def cancel(self) -> None:
        self._cancelled = True

    def cancelled(self) -> bool:
        return self._cancelled

    def when(self) -> float:
        return self._when

    def run(self) -> None:
        if not self._cancelled:
            self.context.run(self._callback, *self._args)


class SimulatedTask(asyncio.Task[Any]):
    """A task whose place in a set does not depend on where in memory it lies."""

    serial: int

    def __init__(self, *args: Any, serial: int, **kwargs: Any) -> None:
        self.serial = serial
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self.serial


class SimulatedLoop(asyncio.AbstractEventLoop):
    """Runs the callbacks of simulated processes one at a time, in an order drawn by `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.runnable: dict[Process, None] = {}
        self.before_step: Callable[[Process], None] = lambda process: None
        self.failures: list[str] = []
        self.steps = 0
        self._now = 0.0
        self._timers: list[tuple[float, int, Handle]] = []
        self._serial = 0
        self.outside = Process(self, "outside")

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `main` outside of all processes, until it ends."""
        asyncio._set_running_loop(self)
        try:
            task = self.outside.begin(main())
            while not task.done():
                self._step()
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def _step(self) -> None:
        if not self.runnable:
            self._pass_time()
            return
        self.steps += 1
        if len(self.runnable) == 1:
            (process,) = self.runnable
        else:
            process = list(self.runnable)[int(self.random.random() * len(self.runnable))]
        self.before_step(process)
        if process.frozen:
            return
        handle = process.queue.popleft()
        if not process.queue:
            del self.runnable[process]
        handle.run()

    def _pass_time(self) -> None:
        if not self._timers:
            raise RuntimeError("everybody waits for each other")
        timers = self._timers
        while timers and (timers[0][0] <= self._now or not self.runnable):
            when, _, handle = heapq.heappop(timers)
            if not handle.cancelled():
                self._now = max(self._now, when)
                self._enqueue(handle)

    def _enqueue(self, handle: Handle) -> None:
        process = handle.process
        process.queue.append(handle)
        if not process.frozen:
            self.runnable[process] = None

    # What asyncio asks of a loop

    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override]
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> Any:
        handle = Handle(callback, args, context)
        self._enqueue(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> Any:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> Any:
        handle = Handle(callback, args, context, when)
        self._serial += 1
        heapq.heappush(self._timers, (when, self._serial, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> Any:
        self._serial += 1
        context = copy_context() if context is None else context
        task = SimulatedTask(
            coro, loop=self, name=name or str(self._serial), context=context, serial=self._serial
        )
        tasks = context[RUNNING].tasks
        tasks[task] = None
        task.add_done_callback(lambda done: tasks.pop(done, None), context=context)
        if context[RUNNING].dead:
            task.cancel()
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False
