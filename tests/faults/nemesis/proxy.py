"""A TCP proxy whose connections can be cut, held up, robbed of their answers, and closed on one side.

https://docs.python.org/3/library/asyncio-protocol.html
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

Target = Path | tuple[str, int]


class Proxy:
    """Listens on a free port of loopback (`port`) and passes on to `target`; its loop runs in a thread of its own."""

    def __init__(self, target: Target | None = None) -> None:
        self.target = target
        self.refusing = self.swallowing = False
        self.ends: set[_End] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    def strike(self, kind: str, seconds: float) -> None:
        """`cut`, `hold`, `swallow` (answers) or `half_close`, for so long; then all is as before, connections apart."""
        self._do(getattr(self, f"_{kind}")(seconds))

    def close(self) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(lambda: _End(self, None), "127.0.0.1", 0)

    async def _close(self) -> None:
        self._server.close()
        self._abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _cut(self, seconds: float) -> None:
        self.refusing = True
        self._abort()
        await asyncio.sleep(seconds)
        self.refusing = False

    async def _hold(self, seconds: float) -> None:
        held = list(self.ends)
        for end in held:
            end.transport.pause_reading()
        await asyncio.sleep(seconds)
        for end in held:
            end.transport.resume_reading()

    async def _swallow(self, seconds: float) -> None:
        self.swallowing = True
        await asyncio.sleep(seconds)
        self._abort()
        self.swallowing = False

    async def _half_close(self, seconds: float) -> None:
        closed = [end for end in self.ends if end.to_client]
        for end in closed:
            with suppress(OSError, RuntimeError):
                end.transport.write_eof()
        await asyncio.sleep(seconds)
        for end in closed:
            end.transport.abort()

    def _abort(self) -> None:
        for end in list(self.ends):
            end.transport.abort()


class _End(asyncio.Protocol):
    """One end of a connection: towards the client where it has no `peer` yet, else towards the target."""

    transport: asyncio.Transport

    def __init__(self, proxy: Proxy, peer: _End | None) -> None:
        self._proxy = proxy
        self.peer = peer
        self.to_client = peer is None
        self._early: list[bytes] = []
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._proxy.ends.add(self)
        if self._proxy.refusing or self._proxy.target is None:
            self.transport.abort()
        elif self.peer is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(self._proxy.target))
        else:
            self.peer._joined(self)

    def data_received(self, data: bytes) -> None:
        if self.peer is None:
            self._early.append(data)
        elif self.to_client or not self._proxy.swallowing:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        if self.peer is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._proxy.ends.discard(self)
        if self.peer is not None:
            self.peer.transport.close()

    async def _connect(self, target: Target) -> None:
        loop = asyncio.get_running_loop()
        try:
            if isinstance(target, Path):
                await loop.create_unix_connection(lambda: _End(self._proxy, self), str(target))
            else:
                await loop.create_connection(lambda: _End(self._proxy, self), *target)
        except OSError:
            self.transport.abort()

    def _joined(self, other: _End) -> None:
        self.peer = other
        if self._lost:
            other.transport.abort()
        for data in self._early:
            other.transport.write(data)
        self._early.clear()
