"""How simulated processes reach the servers that keep things: a database, a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol, TypeVar

from tests.simulation.loop import Process, SimulatedLoop

T = TypeVar("T")

WAITS_SECONDS = 0.002


class Locked(Exception):
    """What a server would do has to wait for somebody's transaction."""


class Wire(Protocol):
    """One process's connections to one server; what a server does is done at once, or not at all."""

    @property
    def owner(self) -> object:
        """Whose connections they are."""
        ...

    async def call(self, effect: Callable[[], T], what: str = "") -> T:
        """Have the server do `effect`, and its result or refusal."""
        ...

    def tell(self, hear: Callable[[], object]) -> None:
        """Bring word from the server to the process, in the process's own time."""
        ...

    def losing(self, lost: Callable[[], None]) -> AbstractContextManager[None]:
        """Have `lost` called if the connections are lost meanwhile."""
        ...


class DirectWire:
    """A wire without faults, in whatever loop is running."""

    @property
    def owner(self) -> object:
        return self

    async def call(self, effect: Callable[[], T], what: str = "") -> T:
        while True:
            await asyncio.sleep(0)
            try:
                return effect()
            except Locked:
                continue

    def tell(self, hear: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_soon(hear)

    def losing(self, lost: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()


class Server:
    """Something that may be down for a while; `lossy` is the share of calls whose connection breaks."""

    def __init__(self, loop: SimulatedLoop, name: str, unreachable: Callable[[], Exception]) -> None:
        self.loop = loop
        self.name = name
        self.unreachable = unreachable
        self.down = False
        self.lossy = 0.0
        self.slow = 0.0
        self.trace: Callable[[str], None] = lambda line: None

    def delay(self) -> float:
        """Seconds on the way: mostly a moment, now and then long enough for anything to overtake."""
        drawn = self.loop.random.random()
        return drawn * 0.004 if drawn >= self.slow else 0.004 + self.loop.random.random() * 1.5


class SimulatedWire:
    """A wire that delays, breaks before or after the server has done what it was asked, and ends with its process.

    What is on its way arrives although its process is frozen or killed meanwhile, or is lost: that is drawn as well.
    """

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process
        self._loop = server.loop

    @property
    def owner(self) -> object:
        return self._process

    async def call(self, effect: Callable[[], T], what: str = "") -> T:
        if self._process.dead:
            raise asyncio.CancelledError
        server, random = self._server, self._loop.random
        answer: asyncio.Future[T] = self._loop.create_future()
        fate = "done"
        if random.random() < server.lossy:
            fate = "lost before" if random.random() < 0.5 else "lost after"
        outlives = random.random() < 0.5
        self._loop.call_later(
            server.delay(),
            self._arrive,
            effect,
            answer,
            fate,
            what,
            outlives,
            context=self._loop.outside.context,
        )
        return await answer

    def _arrive(
        self, effect: Callable[[], Any], answer: asyncio.Future[Any], fate: str, what: str, outlives: bool
    ) -> None:
        server = self._server
        if server.down or fate == "lost before" or (self._process.dead and not outlives):
            self._answer(answer, error=server.unreachable())
            return
        try:
            result, error = effect(), None
        except Locked:
            self._loop.call_later(
                WAITS_SECONDS, self._arrive, effect, answer, fate, what, outlives,
                context=self._loop.outside.context,
            )  # fmt: skip
            return
        except Exception as refused:
            result, error = None, refused
        server.trace(f"{self._process.name} {server.name} {what} {fate} {type(error).__name__}")
        self._answer(answer, result, server.unreachable() if fate == "lost after" else error)

    def _answer(
        self, answer: asyncio.Future[Any], result: Any = None, error: Exception | None = None
    ) -> None:
        def arrive() -> None:
            if answer.done():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        self._loop.call_later(self._server.delay(), arrive, context=self._loop.outside.context)

    def tell(self, hear: Callable[[], object]) -> None:
        if not self._process.dead:
            self._loop.call_later(self._server.delay(), hear, context=self._process.context)

    @contextmanager
    def losing(self, lost: Callable[[], None]) -> Iterator[None]:
        self._process.losses[lost] = None
        try:
            yield
        finally:
            self._process.losses.pop(lost, None)
