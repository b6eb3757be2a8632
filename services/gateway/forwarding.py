"""Passing a request on over HTTP: bodies streamed both ways, headers as they are but for those of the hop.

https://www.rfc-editor.org/rfc/rfc9110#section-7.6
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from telerehab.observability.asgi import Receive, Scope, Send
from telerehab.rpc.status import effect_unknown, owner_silent, owner_unavailable
from telerehab.server.client_address import Proxies

CONNECT_SECONDS = 2.0
KEPT_SECONDS = 60.0  # an idle connection; owners keep it longer, so that none is closed while we use it
LONGEST_LINE = 65_536  # of an owner's head: its links repeat the URL that was asked
_OF_ONE_HOP = frozenset(
    {
        b"connection",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_NOT_PASSED_BACK = _OF_ONE_HOP | {b"x-request-id", b"date", b"server"}
_ADDED_BY_CLIENT = ("accept", "accept-encoding", "content-type", "user-agent")
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


class _ClientLeft(Exception):
    """The client went away while it was sending."""


class _Broken(aiohttp.ClientError):
    """The connection broke after the request had been sent: the owner may have done it."""


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp would repeat a PUT or DELETE whose kept connection breaks, though it may be done.

    Done twice, it would be answered as if it had come second: 412 to If-Match, 200 instead of 201.
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken from (error.__cause__ or error)


class Forwarder:
    """Passes requests on to owners at `urls`; what `proxies` say of where a request came from is passed on too.

    FhirError 503 where an owner is down or a read takes too long, 504 where what took too long, or whose connection
    broke, may have an effect.
    """

    def __init__(self, urls: Mapping[str, str], proxies: Proxies, session: aiohttp.ClientSession) -> None:
        self._urls = urls
        self._proxies = proxies
        self._session = session

    @classmethod
    @asynccontextmanager
    async def open(
        cls, urls: Mapping[str, str], proxies: Proxies, seconds: float
    ) -> AsyncIterator[Forwarder]:
        """One that keeps its connections until the context is left; an owner may be silent for `seconds`."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_ADDED_BY_CLIENT,
            auto_decompress=False,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        ) as session:
            yield cls(urls, proxies, session)

    async def forward(self, owner: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Have `owner` answer the request."""
        try:
            response = await self._session.request(
                scope["method"],
                URL(self._urls[owner] + _target(scope), encoded=True),
                headers=_headers(scope, self._proxies.client(scope)),
                data=await _body(receive) if _has_body(scope) else None,
                allow_redirects=False,
                middlewares=() if _reads(scope) else (_once,),
            )
        except aiohttp.ConnectionTimeoutError:
            raise owner_unavailable(owner) from None
        except TimeoutError:
            raise (owner_silent(owner) if _reads(scope) else effect_unknown(owner)) from None
        except _ClientLeft:
            return
        except aiohttp.ClientError as error:
            if isinstance(error.__cause__, _ClientLeft):
                return
            raise (effect_unknown if isinstance(error, _Broken) else owner_unavailable)(owner) from None
        async with response:
            await _answer(response, send)


async def _answer(response: aiohttp.ClientResponse, send: Send) -> None:
    headers = [
        (name, value)
        for given, value in response.raw_headers
        if (name := given.lower()) not in _NOT_PASSED_BACK
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    content, more = response.content, True
    while more:
        chunk = await content.readany()
        more = not content.at_eof()
        await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _body(receive: Receive) -> bytes | AsyncIterator[bytes]:
    """The body: bytes where it came as one piece, as most do, else its pieces as they come."""
    message = await receive()
    first = _piece(message)
    return _pieces(first, receive) if message.get("more_body", False) else first


async def _pieces(first: bytes, receive: Receive) -> AsyncIterator[bytes]:
    yield first
    more = True
    while more:
        message = await receive()
        yield _piece(message)
        more = message.get("more_body", False)


def _piece(message: Mapping[str, Any]) -> bytes:
    if message["type"] == "http.disconnect":
        raise _ClientLeft
    piece: bytes = message.get("body", b"")
    return piece


def _reads(scope: Scope) -> bool:
    return scope["method"] in ("GET", "HEAD") or scope["path"].endswith("/_search")


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _target(scope: Scope) -> str:
    """Path and query as they were sent; what may not stand in a URL is escaped."""
    target: bytes = scope.get("raw_path") or scope["path"].encode()
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    return target.decode() if target.isascii() else quote(target, safe=_VISIBLE)


def _headers(scope: Scope, client: str) -> list[tuple[str, str]]:
    """The client's headers but for those of the hop, and where the request came from: the address `client`."""
    dropped, host = _OF_ONE_HOP, b""
    for name, value in scope["headers"]:
        if name == b"connection":
            dropped = dropped.union(listed.strip().lower() for listed in value.split(b","))
        elif name == b"host":
            host = value
    return [
        *(
            (name.decode("latin-1"), value.decode("utf-8", "replace"))
            for name, value in scope["headers"]
            if name not in dropped and not name.startswith(b"x-forwarded-")
        ),
        ("x-forwarded-for", client or "unknown"),
        ("x-forwarded-host", host.decode("latin-1")),
        ("x-forwarded-proto", scope.get("scheme", "http")),
    ]
