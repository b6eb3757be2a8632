"""Writes of one turn of the event loop leave together, and nothing that was written is lost or waits longer."""

from __future__ import annotations

import asyncio

from telerehab.running.joined_writes import MOST, JoinedWrites


class Sent(asyncio.Transport):
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.parts.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def joined() -> tuple[Sent, JoinedWrites]:
    sent = Sent()
    return sent, JoinedWrites(sent, asyncio.get_running_loop())


async def test_writes_of_one_turn_leave_together_at_its_end() -> None:
    sent, transport = joined()
    transport.write(b"head")
    transport.write(b"body")
    assert sent.parts == []
    await asyncio.sleep(0)
    assert sent.parts == [b"headbody"]
    transport.write(b"more")
    await asyncio.sleep(0)
    assert sent.parts == [b"headbody", b"more"]


async def test_what_was_flushed_is_not_sent_again() -> None:
    sent, transport = joined()
    transport.write(b"whole")
    transport.flush()
    await asyncio.sleep(0)
    assert sent.parts == [b"whole"]


async def test_closing_sends_what_waits_first() -> None:
    sent, transport = joined()
    transport.write(b"last words")
    transport.close()
    assert (sent.parts, sent.closed) == ([b"last words"], True)


async def test_a_stream_that_never_yields_does_not_fill_memory() -> None:
    sent, transport = joined()
    for _ in range(4):
        transport.write(b"x" * MOST)
    assert sum(map(len, sent.parts)) >= 3 * MOST


async def test_what_waits_when_the_connection_is_lost_is_dropped() -> None:
    sent, transport = joined()
    transport.write(b"unheard")
    sent.close()
    await asyncio.sleep(0)
    assert sent.parts == []
