"""FHIR requests are answered as there are places for them; what reads or writes much is bulk and gets some of them.

https://sre.google/sre-book/handling-overload/ and decision 0105
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from telerehab.fhir.outcome import FhirError
from telerehab.observability.asgi import App, Message, Receive, Scope, Send, header
from telerehab.rpc.deadlines import REQUEST_SECONDS, remaining, within
from telerehab.server.admission import Admission, Kind
from telerehab.server.answers import failed
from telerehab.server.http import is_fhir, respond_fhir

TIMEOUT_HEADER = "x-telerehab-timeout"
"""Seconds that who asks still has for the answer."""
LARGE_BUNDLE = 32_768  # bytes: about thirty entries
LARGE_PAGE = 200
MOST_KEPT = 65_536  # bytes of a body that are taken off the connection while its request waits
_BULK = re.compile(
    rb"/R4/?$|/R4/_search$|/R4/_history$|/R4/[A-Za-z]+/_history$|/\$(everything|expand|document)$|/\*(/_search)?$"
)
_COUNT = re.compile(rb"(?:^|&)_count=(\d{1,9})(?:&|$)")
_TIMEOUT = re.compile(r"\d{1,6}\.\d{3}", re.ASCII)


class _Left(Exception):
    """The client went away before its turn came."""


class Admitted:
    """An ASGI app that lets `app` answer FHIR requests as `place` says for each; all else goes by at once."""

    def __init__(self, app: App, place: Callable[[Scope], Admission]) -> None:
        self._app = app
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_fhir(scope["path"]):
            await self._app(scope, receive, send)
            return
        kind = kind_of(scope)
        admission = self._place(scope)
        with within(_seconds(scope)):
            if not admission.take_at_once(kind):
                try:
                    receive = await _in_turn(admission, kind, receive)
                except _Left:
                    return
                except FhirError as error:
                    await respond_fhir(send, failed(error), with_body=scope["method"] != "HEAD")
                    return
            try:
                await self._app(scope, receive, send)
            finally:
                admission.give_back(kind)


def kind_of(scope: Scope) -> Kind:
    """Whether a request is for a large bundle, a history, a large page or what gathers much; its body is not read."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    if query and (asked := _COUNT.search(query)) is not None and int(asked[1]) > LARGE_PAGE:
        return "bulk"
    if _BULK.search(path) is None:
        return "care"
    if scope["method"] != "POST" or not path.rstrip(b"/").endswith(b"/R4"):
        return "bulk"
    length = header(scope, b"content-length") or ""
    return "care" if length.isdecimal() and int(length[:18]) <= LARGE_BUNDLE else "bulk"


def _seconds(scope: Scope) -> float:
    """What a request has: what is left of the time of who passed it on, else the usual."""
    given = _TIMEOUT.fullmatch(header(scope, TIMEOUT_HEADER.encode()) or "")
    return min(float(given[0]), REQUEST_SECONDS) if given else REQUEST_SECONDS


async def _in_turn(admission: Admission, kind: Kind, receive: Receive) -> Receive:
    """Wait for a place; gives how to receive from then on. FhirError 503 without a place, _Left without a client."""
    kept: list[Message] = []
    leaving = asyncio.create_task(_until_left(receive, kept))
    taking = asyncio.create_task(admission.take(kind, remaining()))
    try:
        await asyncio.wait((taking, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not taking.done() and leaving.result():
            raise _Left
        await taking
    except BaseException:
        if taking.done() and not taking.cancelled() and taking.exception() is None:
            admission.give_back(kind)
        raise
    finally:
        taking.cancel()
        leaving.cancel()
        await asyncio.wait((taking, leaving))
    return _replaying(kept, receive)


async def _until_left(receive: Receive, kept: list[Message]) -> bool:
    """Keep what the client sends; True once it has left, False when there is no telling for all that it sends."""
    size = 0
    while size < MOST_KEPT:
        message = await receive()
        if message["type"] == "http.disconnect":
            return True
        kept.append(message)
        size += len(message.get("body", b""))
    return False


def _replaying(kept: list[Message], receive: Receive) -> Receive:
    async def next_message() -> Message:
        return kept.pop(0) if kept else await receive()

    return next_message
