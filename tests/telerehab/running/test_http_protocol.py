"""HTTP/1.1 on a real socket: what an ASGI app answers, as bytes; in turn, whole, and nothing smuggled in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from telerehab.observability.asgi import Receive, Scope, Send
from telerehab.running.http_protocol import BoundedHttp


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what its path names; a body that was sent comes back."""
    path = scope["path"]
    body = (await receive())["body"]
    headers = [(b"content-length", b"%d" % len(body or b"hello")), (b"x-path", scope["raw_path"])]
    answer = body or b"hello"
    if path == "/smuggled":
        headers.append((b"x-bad", b"a\r\nset-cookie: b"))
    if path == "/short":
        headers[0] = (b"content-length", b"99")
    if path == "/slow":
        await asyncio.sleep(0)
    if path == "/raises":
        raise RuntimeError
    status = 204 if path == "/nothing" else 200
    if status == 204 or path == "/stream":
        headers = headers[1:]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/stream":
        await send({"type": "http.response.body", "body": b"in ", "more_body": True})
        await send({"type": "http.response.body", "body": b"parts"})
    else:
        body = b"" if status == 204 or scope["method"] == "HEAD" else answer
        await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@pytest.fixture
async def port() -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await server.listening.wait()
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


async def told(port: int, sent: bytes) -> bytes:
    """All that comes until the server closes; the last request asks it to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


def asked(target: str, more: str = "", method: str = "GET", body: str = "") -> bytes:
    length = f"content-length: {len(body)}\r\n" if body else ""
    return f"{method} {target} HTTP/1.1\r\nhost: h\r\n{more}{length}\r\n{body}".encode()


LAST = asked("/last", "connection: close\r\n")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked("/a%20b?c=d"), [b"HTTP/1.1 200 OK\r\n", b"x-path: /a%20b\r\n", b"\r\n\r\nhello"]),
        (asked("/", method="POST", body="given"), [b"content-length: 5\r\n", b"\r\n\r\ngiven"]),
        (asked("/", method="HEAD"), [b"content-length: 5\r\n", b"\r\n\r\nHTTP/1.1"]),
        (asked("/nothing"), [b"HTTP/1.1 204 No Content\r\n", b"\r\n\r\nHTTP/1.1"]),
        (asked("/stream"), [b"transfer-encoding: chunked\r\n", b"3\r\nin \r\n5\r\nparts\r\n0\r\n\r\n"]),
        (asked("/", "expect: 100-continue\r\n", "POST", "given"), [b"HTTP/1.1 100 Continue\r\n", b"\r\n\r\ngiven"]),
    ],
)  # fmt: skip
async def test_each_kind_of_answer_is_whole(port: int, request_: bytes, expected: list[bytes]) -> None:
    answer = await told(port, request_ + LAST)
    for part in expected:
        assert part in answer
    assert answer.count(b"HTTP/1.1 ") == 2 + (b"100 Continue" in answer)
    assert b"connection: close\r\n" in answer.rpartition(b"HTTP/1.1 ")[2]


async def test_requests_on_one_connection_are_answered_in_turn(port: int) -> None:
    answer = await told(port, asked("/slow") + asked("/stream") + asked("/3") + asked("/slow") + LAST)
    order = [line for line in answer.split(b"\r\n") if line.startswith(b"x-path: ")]
    assert order == [b"x-path: /slow", b"x-path: /stream", b"x-path: /3", b"x-path: /slow", b"x-path: /last"]


async def test_http_1_0_is_answered_and_closed(port: int) -> None:
    assert (await told(port, b"GET / HTTP/1.0\r\n\r\n")).endswith(b"connection: close\r\n\r\nhello")


@pytest.mark.parametrize("path", ["/smuggled", "/short", "/raises"])
async def test_an_answer_that_is_no_answer_is_not_sent(port: int, path: str) -> None:
    answer = await told(port, asked(path) + LAST)
    assert b"set-cookie" not in answer
    assert not answer or answer.startswith(b"HTTP/1.1 500 ") or b"content-length: 99" in answer
