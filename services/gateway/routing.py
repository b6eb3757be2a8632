"""Requests for one owner go to it as they are; the gateway's own places are left to what comes after.

https://www.rfc-editor.org/rfc/rfc9110#section-7.6
"""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.destination import owner_at, place_of
from services.gateway.forwarding import Forwarder
from telerehab.fhir.outcome import FhirError
from telerehab.observability import current_request
from telerehab.observability.asgi import App, Message, Receive, Scope, Send
from telerehab.rpc.deadlines import remaining
from telerehab.rpc.interceptors import REQUEST_ID_KEY, TRACEPARENT_KEY
from telerehab.server.admitted import TIMEOUT_HEADER
from telerehab.server.answers import failed
from telerehab.server.http import is_fhir, path_below_base, respond_fhir
from telerehab.settings import GATEWAY

_OF_THIS_HOP = frozenset({REQUEST_ID_KEY.encode(), TRACEPARENT_KEY.encode(), TIMEOUT_HEADER.encode()})


class Routing:
    """An ASGI app: to the owner's app where it is among `apps` (those in this process), else to its URL."""

    def __init__(self, otherwise: App, apps: Mapping[str, App], forwarder: Forwarder) -> None:
        self._otherwise = otherwise
        self._apps = apps
        self._forwarder = forwarder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_fhir(scope["path"]):
            await self._otherwise(scope, receive, send)
            return
        try:
            path = path_below_base(scope)
            if place_of(path) is not None:
                await self._otherwise(scope, receive, send)
                return
            owner = owner_at(path)
            _tell(path[0])
            scope = {**scope, "headers": _with_request(scope)}
            app = self._apps.get(owner)
            if app is not None:
                await app(scope, receive, _without_request_id(send))
            else:
                await self._forwarder.forward(owner, scope, receive, send)
        except FhirError as error:
            await respond_fhir(send, failed(error), with_body=scope["method"] != "HEAD")


def destination(scope: Scope) -> str:
    """Who answers a request: its owner, else the gateway, so that one frozen owner takes no place of another's."""
    try:
        path = path_below_base(scope)
        return GATEWAY if place_of(path) is not None else owner_at(path)
    except FhirError:
        return GATEWAY  # which says what is wrong with it


def _tell(type_: str) -> None:
    """Name the type for log and metrics; it is one of R4's."""
    if (work := current_request()) is not None:
        work.type = type_


def _with_request(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The request's headers, those of request id, trace and time left being ours."""
    headers = [header for header in scope["headers"] if header[0] not in _OF_THIS_HOP]
    if (work := current_request()) is not None:
        headers.append((REQUEST_ID_KEY.encode(), work.id.encode()))
        headers.append((TRACEPARENT_KEY.encode(), work.trace.traceparent.encode()))
        headers.append((TIMEOUT_HEADER.encode(), b"%.3f" % remaining()))
    return headers


def _without_request_id(send: Send) -> Send:
    """What the owner answers, without the header that the gateway sets itself."""

    async def pass_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [header for header in message["headers"] if header[0] != REQUEST_ID_KEY.encode()]
            message = {**message, "headers": headers}
        await send(message)

    return pass_on
