"""Passing a request on over HTTP: bodies streamed both ways, headers as they are but for those of the hop.

https://www.rfc-editor.org/rfc/rfc9110#section-7.6
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx

from telerehab.observability.asgi import Receive, Scope, Send
from telerehab.rpc.deadlines import REQUEST_SECONDS
from telerehab.rpc.status import deadline_exceeded, owner_unavailable

CONNECT_SECONDS = 2.0
CONNECTIONS = 100
_OF_ONE_HOP = frozenset(
    {
        b"connection",
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
_SET_BY_US = frozenset({b"x-request-id", b"date", b"server"})


class _ClientLeft(Exception):
    """The client went away while it was sending."""


class Forwarder:
    """Passes requests on to owners at `urls`; FhirError 503 where one is down, 504 where it takes too long."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = {name: httpx.URL(url) for name, url in urls.items()}
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(REQUEST_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=CONNECTIONS),
            trust_env=False,
            follow_redirects=False,
        )

    async def forward(self, owner: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Have `owner` answer the request."""
        request = self._client.build_request(
            scope["method"],
            self._urls[owner].copy_with(raw_path=_target(scope)),
            headers=_headers(scope),
            content=_body(receive) if _has_body(scope) else None,
        )
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise owner_unavailable(owner) from None
        except httpx.TimeoutException:
            raise deadline_exceeded() from None
        except httpx.TransportError:
            raise owner_unavailable(owner) from None
        except _ClientLeft:
            return
        try:
            await _answer(response, send)
        finally:
            await response.aclose()


async def _answer(response: httpx.Response, send: Send) -> None:
    headers = [
        (name.lower(), value)
        for name, value in response.headers.raw
        if name.lower() not in _OF_ONE_HOP and name.lower() not in _SET_BY_US
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    async for chunk in response.aiter_raw():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeft
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


def _has_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names or b"transfer-encoding" in names


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path + b"?" + scope["query_string"] if scope["query_string"] else path


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The client's headers but for those of the hop, and where the request came from."""
    given = dict(scope["headers"])
    dropped = _OF_ONE_HOP.union(name.strip().lower() for name in given.get(b"connection", b"").split(b","))
    client = scope.get("client")
    return [
        *(
            (name, value)
            for name, value in scope["headers"]
            if name not in dropped and not name.startswith(b"x-forwarded-")
        ),
        (b"x-forwarded-for", client[0].encode() if client else b"unknown"),
        (b"x-forwarded-host", given.get(b"host", b"")),
        (b"x-forwarded-proto", scope.get("scheme", "http").encode()),
    ]
