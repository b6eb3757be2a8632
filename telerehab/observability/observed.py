"""What surrounds every HTTP request of a service: its id and trace, timing, access line, metrics, safe headers.

https://owasp.org/www-project-secure-headers/
"""

from __future__ import annotations

import time
from collections.abc import Container

from telerehab.fhir import json
from telerehab.fhir.outcome import internal, operation_outcome
from telerehab.observability.asgi import App, Message, Receive, Scope, Send, respond
from telerehab.observability.logs import Log, write_line
from telerehab.observability.metrics import Metrics
from telerehab.observability.probes import Probes
from telerehab.observability.request import Request, working_on

CLIENT_CLOSED = 499  # nginx's code for a client that left before the answer
_SAFE: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")

_log = Log(__name__)


class Observed:
    """An ASGI app that answers the probes itself and watches over every request to `app`.

    The safe headers are added where the app did not set its own. `https` says that clients come by https, so that
    browsers are told to stay there.
    """

    def __init__(self, app: App, service: str, metrics: Metrics, probes: Probes, *, https: bool) -> None:
        self._app = app
        self._service = service
        self._metrics = metrics
        self._probes = probes.paths
        self._headers = (*_SAFE, _HSTS) if https else _SAFE
        self._names = {name for name, _ in self._headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (probe := self._probes.get(scope["path"])) is not None:
            await probe(scope, receive, send)
        else:
            await self._watch(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = _request(self._service, scope)
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_safe_headers(message["headers"], request.id)
            await send(message)

        with working_on(request):
            try:
                await self._app(scope, receive, send_safely)
            except Exception as error:
                _log.error("http.failed", error)
                if status == 0:
                    await _answer_failure(send_safely, request.id)
            finally:
                self._account(scope, request, status or CLIENT_CLOSED, time.perf_counter() - started)

    def _with_safe_headers(
        self, headers: list[tuple[bytes, bytes]], request_id: str
    ) -> list[tuple[bytes, bytes]]:
        own = {name for name, _ in headers}  # ASGI wants lower case
        missing = self._headers if self._names.isdisjoint(own) else self._not_among(own)
        return [*headers, *missing, (b"x-request-id", request_id.encode())]

    def _not_among(self, own: Container[bytes]) -> list[tuple[bytes, bytes]]:
        return [header for header in self._headers if header[0] not in own]

    def _account(self, scope: Scope, request: Request, status: int, seconds: float) -> None:
        self._metrics.request(request.interaction, request.type, status, seconds)
        write_line(
            {
                "level": "info",
                "service": request.service,
                "request_id": request.id,
                "trace_id": request.trace.trace_id,
                "code": "http.request",
                "method": scope["method"] if scope["method"] in _METHODS else "other",
                "route": getattr(scope.get("route"), "path", ""),
                "interaction": request.interaction,
                "type": request.type,
                "status": status,
                "milliseconds": round(seconds * 1000, 2),
            }
        )


def _request(service: str, scope: Scope) -> Request:
    """The piece of work with the id and trace that its headers name; looked through once, the first of each counts."""
    id_ = traceparent = None
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            id_ = id_ or value.decode("latin-1")
        elif name == b"traceparent":
            traceparent = traceparent or value.decode("latin-1")
    return Request(service, id_, traceparent)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


async def _answer_failure(send: Send, request_id: str) -> None:
    failure = internal(request_id)
    body = json.dump(operation_outcome(failure.issues))
    await respond(send, failure.status, body, "application/fhir+json; charset=utf-8")
