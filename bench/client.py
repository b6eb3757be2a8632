"""A load generator that costs little of the machine it shares: HTTP/1.1 over kept connections, bytes in, bytes out.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

JSON = "content-type: application/fhir+json\r\n"


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


def here(port: int) -> Address:
    """A port of this machine."""
    return Address("127.0.0.1", port)


Answered = Callable[["Connection", int], None]


def request(method: str, target: str, body: bytes = b"", headers: str = "") -> bytes:
    """One request as it goes over the wire."""
    length = f"content-length: {len(body)}\r\n{JSON}" if body else ""
    head = (
        f"{method} {target} HTTP/1.1\r\nhost: bench\r\naccept: application/fhir+json\r\n{headers}{length}\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection with one request on its way at a time; `answered` is told the status of each answer."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._gathered = b""
        self._missing = 0
        self._status = 0
        self.body = b""
        self.due = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        self._answered(self, 0)

    def data_received(self, data: bytes) -> None:
        self._gathered += data
        if not self._missing and not self._read_head():
            return
        if len(self._gathered) >= self._missing:
            self.body, self._gathered, self._missing = self._gathered, b"", 0
            self._answered(self, self._status)

    def _read_head(self) -> bool:
        end = self._gathered.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._gathered[:end].lower()
        self._status = int(head[9:12])
        at = head.find(b"content-length: ")
        length = int(head[at + 16 :].split(b"\r", 1)[0]) if at > 0 else 0
        self._gathered = self._gathered[end + 4 :]
        self._missing = length
        return True


@dataclass(slots=True)
class Load:
    """What came of a load: answers by status, the seconds it took, of all but a closed loop each latency in order."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(self.statuses.values())

    def quantile(self, part: float) -> float:
        """Seconds within which this part of the answers came."""
        return self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))]

    def require_success(self) -> Load:
        """Itself; RuntimeError if any answer was an error, for then nothing was measured."""
        if not self.count or not all(200 <= status < 300 for status in self.statuses):
            raise RuntimeError(f"not all requests succeeded: {dict(self.statuses)}")
        return self


async def closed_loop(at: Address, requests: Iterator[bytes], connections: int, seconds: float) -> Load:
    """Each connection sends its next request as soon as it has its answer, for so many seconds."""
    loop = asyncio.get_running_loop()
    load = Load()
    over = loop.create_future()
    started = loop.time()
    busy = connections

    def answered(connection: Connection, status: int) -> None:
        nonlocal busy
        if over.done():
            return
        load.statuses[status] += 1
        if status and loop.time() - started < seconds:
            connection.transport.write(next(requests))
            return
        busy -= 1
        if not busy:
            over.set_result(None)

    opened = [await _connect(at, answered) for _ in range(connections)]
    started = loop.time()
    for connection in opened:
        connection.transport.write(next(requests))
    await over
    load.seconds = loop.time() - started
    for connection in opened:
        connection.transport.abort()
    return load.require_success()


async def paced(at: Address, requests: Iterator[bytes], rate: float, seconds: float) -> Load:
    """So many requests a second whatever becomes of them; a latency counts from when its request was due."""
    loop = asyncio.get_running_loop()
    load = Load(seconds)
    over = loop.create_future()
    wanted = int(rate * seconds)
    idle: deque[Connection] = deque()
    due: deque[float] = deque()

    def answered(connection: Connection, status: int) -> None:
        if over.done():
            return
        load.statuses[status] += 1
        load.latencies.append(time.perf_counter() - connection.due)
        if load.count == wanted or not status:
            over.set_result(None)
        elif due:
            begin(connection, due.popleft())
        else:
            idle.append(connection)

    def begin(connection: Connection, when: float) -> None:
        connection.due = when
        connection.transport.write(next(requests))

    def fire(when: float) -> None:
        if idle:
            begin(idle.popleft(), when)
        else:
            due.append(when)

    opened = [await _connect(at, answered) for _ in range(32)]
    idle.extend(opened)
    first, first_due = loop.time(), time.perf_counter()  # the loop's time is in whole milliseconds
    for number in range(wanted):
        loop.call_at(first + number / rate, fire, first_due + number / rate)
    await over
    for connection in opened:
        connection.transport.abort()
    load.latencies.sort()
    return load.require_success()


async def send(at: Address, requests: list[bytes], connections: int) -> Load:
    """All the requests once, over so many connections, each with its latency."""
    loop = asyncio.get_running_loop()
    load = Load()
    over = loop.create_future()
    waiting = deque(requests)

    def answered(connection: Connection, status: int) -> None:
        if over.done():
            return
        load.statuses[status] += 1
        load.latencies.append(time.perf_counter() - connection.due)
        if waiting and status:
            begin(connection)
        elif load.count == len(requests) or not status:
            over.set_result(None)

    def begin(connection: Connection) -> None:
        connection.due = time.perf_counter()
        connection.transport.write(waiting.popleft())

    opened = [await _connect(at, answered) for _ in range(min(connections, len(requests)))]
    started = loop.time()
    for connection in opened:
        begin(connection)
    await over
    load.seconds = loop.time() - started
    for connection in opened:
        connection.transport.abort()
    load.latencies.sort()
    return load.require_success()


async def _connect(at: Address, answered: Answered) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(answered), at.host, at.port)
    return connection
