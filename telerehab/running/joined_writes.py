"""A transport that sends what is written in one turn of the event loop at once: a head together with its body.

https://docs.python.org/3/library/asyncio-protocol.html#asyncio.WriteTransport
"""

from __future__ import annotations

import asyncio
from typing import Any

MOST = 65_536  # bytes that wait for the end of a turn


class JoinedWrites(asyncio.Transport):
    """Stands before a `transport`; a system call for each write would cost as much as all of our routing."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> None:
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MOST:
            self.flush()

    def flush(self) -> None:
        """Send what waits, if anything does."""
        parts = self._parts
        if parts:
            self._parts, self._size = [], 0
            if self._transport.is_closing():
                return  # the connection was lost meanwhile
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.flush()
        self._transport.set_protocol(protocol)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()
