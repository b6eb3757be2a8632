"""Forwarding to a real server: what is passed on as it is, what is not, and what a client hears if it is down."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import orjson
import pytest
import uvicorn

from services.gateway.forwarding import Forwarder
from telerehab.fhir.outcome import FhirError
from telerehab.observability.asgi import Message, Receive, Scope, Send
from telerehab.server.client_address import Proxies

SECONDS = 10.0
ZIPPED = gzip.compress(b"squeezed")


async def owner(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells what it was sent."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"] == "/zipped":
        status, told, kind = 200, ZIPPED, (b"content-encoding", b"gzip")
    elif scope["path"] == "/moved":
        status, told, kind = 302, b"", (b"location", b"/elsewhere")
    else:
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        seen = {"query": scope["query_string"].decode(), "headers": headers, "body": body.decode()}
        status, told, kind = 200, orjson.dumps(seen), (b"content-type", b"application/json")
    headers_back = [kind, (b"link", b"<a>"), (b"link", b"<b>"), (b"keep-alive", b"timeout=5")]
    await send({"type": "http.response.start", "status": status, "headers": headers_back})
    for start in range(0, len(told), 10_000):
        await send({"type": "http.response.body", "body": told[start : start + 10_000], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def forwarder() -> AsyncIterator[Forwarder]:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        config = uvicorn.Config(owner, lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        ports = {"up": listening.getsockname()[1], "down": unheard.getsockname()[1]}
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        async with Forwarder.open(urls, Proxies("127.0.0.0/8"), SECONDS) as opened:
            yield opened
        server.should_exit = True
        await serving


async def forwarded(
    forwarder: Forwarder,
    path: str = "/",
    *,
    name: str = "up",
    method: str = "GET",
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    messages: Sequence[Message] = (),
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    sent: list[Message] = []
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
    scope |= {"query_string": query, "headers": list(headers), "client": ("192.0.2.1", 5), "scheme": "https"}
    await forwarder.forward(name, scope, receive, send)
    if not sent:
        return 0, [], b""
    assert not sent[-1].get("more_body", False)
    body = b"".join(message["body"] for message in sent[1:])
    return sent[0]["status"], sent[0]["headers"], body


async def test_headers_are_passed_on_but_for_those_of_the_hop(forwarder: Forwarder) -> None:
    given = [
        (b"host", b"hospital.example"), (b"connection", b"close, x-private"), (b"x-private", b"1"),
        (b"te", b"trailers"), (b"x-forwarded-for", b"forged"), (b"accept-language", b"de"),
        (b"accept-language", b"fr"), (b"prefer", "träge".encode()),
    ]  # fmt: skip
    status, back, body = await forwarded(forwarder, headers=given)
    seen = orjson.loads(body)["headers"]
    assert status == 200
    assert [pair for pair in seen if pair[0] != "host"] == [
        ["accept-language", "de"],
        ["accept-language", "fr"],
        ["prefer", "träge"],
        ["x-forwarded-for", "192.0.2.1"],
        ["x-forwarded-host", "hospital.example"],
        ["x-forwarded-proto", "https"],
    ]
    assert [value for name, value in back if name == b"link"] == [b"<a>", b"<b>"]
    assert not {name for name, _ in back} & {b"keep-alive", b"transfer-encoding", b"date", b"server"}


@pytest.mark.parametrize("length", [True, False])
async def test_a_body_in_pieces_arrives_whole(forwarder: Forwarder, length: bool) -> None:
    pieces = [b"a" * 70_000, b"", b"b" * 30_000]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request", "body": b"c", "more_body": False})
    header = (b"content-length", b"100001") if length else (b"transfer-encoding", b"chunked")
    _, _, body = await forwarded(forwarder, method="POST", headers=[header], messages=messages)
    assert orjson.loads(body)["body"].encode() == b"".join(pieces) + b"c"


@pytest.mark.parametrize("begun", [True, False])
async def test_a_client_that_leaves_while_it_sends_is_answered_nothing(
    forwarder: Forwarder, begun: bool
) -> None:
    first: Message = {"type": "http.request", "body": b"a", "more_body": True}
    messages = [*([first] if begun else []), {"type": "http.disconnect"}]
    headers = [(b"content-length", b"100")]
    answer = await forwarded(forwarder, method="PUT", headers=headers, messages=messages)
    assert answer == (0, [], b"")


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        (b"a=1%2C2&b=%20", "a=1%2C2&b=%20"),
        (b"code=x|y&_id=[1]&c=a+b", "code=x|y&_id=[1]&c=a+b"),
        ("name=ü".encode(), "name=%C3%BC"),
    ],
)
async def test_the_query_is_passed_on_as_it_was_sent(forwarder: Forwarder, query: bytes, seen: str) -> None:
    _, _, body = await forwarded(forwarder, query=query)
    assert orjson.loads(body)["query"] == seen


async def test_what_the_owner_encoded_stays_encoded(forwarder: Forwarder) -> None:
    assert (await forwarded(forwarder, "/zipped"))[2] == ZIPPED


async def test_a_redirect_is_the_clients_to_follow(forwarder: Forwarder) -> None:
    status, headers, _ = await forwarded(forwarder, "/moved")
    assert (status, dict(headers)[b"location"]) == (302, b"/elsewhere")


class Breaking:
    """An owner that keeps its connection after the first request, and breaks it once it has read the second."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heard.append(head.split()[0].decode())
                if len(self.heard) == 2:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()


@pytest.mark.parametrize(
    ("method", "heard"), [("PUT", 1), ("DELETE", 1), ("POST", 1), ("PATCH", 1), ("GET", 2)]
)
async def test_what_may_have_been_done_is_never_sent_twice(method: str, heard: int) -> None:
    breaking = Breaking()
    server = await asyncio.start_server(breaking.serve, "127.0.0.1", 0)
    urls = {"breaking": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
    async with server, Forwarder.open(urls, Proxies("127.0.0.0/8"), SECONDS) as forwarder:
        assert (await forwarded(forwarder, name="breaking"))[0] == 200
        if method == "GET":
            assert (await forwarded(forwarder, name="breaking", method=method))[0] == 200
        else:
            with pytest.raises(FhirError) as refused:
                await forwarded(forwarder, name="breaking", method=method)
            assert refused.value.status == 504
    assert breaking.heard == ["GET", *[method] * heard]


async def test_an_owner_that_is_down_is_503(forwarder: Forwarder) -> None:
    with pytest.raises(FhirError) as refused:
        await forwarded(forwarder, name="down")
    assert refused.value.status == 503
