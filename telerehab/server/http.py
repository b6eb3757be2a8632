"""FHIR over HTTP: ASGI requests in, ASGI answers out; the one place that knows how either is written.

A pure ASGI app: Starlette's and FastAPI's request handling would cost more than most of what it answers.
https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from telerehab.access import Caller
from telerehab.engine import BASE_PATH
from telerehab.fhir.outcome import FhirError, Issue, bad_request, too_large
from telerehab.observability import current_request
from telerehab.observability.asgi import App, Receive, Scope, Send
from telerehab.server.answers import failed
from telerehab.server.client_address import Proxies
from telerehab.server.request import FhirRequest, FhirResponse, decoded_pairs, segments

_BASE = BASE_PATH.encode()
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_READ = {
    name.encode(): name
    for name in (
        "accept", "content-encoding", "content-length", "content-type", "idempotency-key", "if-match",
        "if-modified-since", "if-none-exist", "if-none-match", "prefer", "x-telerehab-position",
    )
}  # fmt: skip
"""The headers that anything here reads; others are not even decoded."""
_ONCE = frozenset({b"if-match", b"if-none-exist", b"content-type", b"idempotency-key"})
ANONYMOUS = "anonymous"

Answer = Callable[[FhirRequest], Awaitable[FhirResponse]]


class Disconnected(Exception):
    """The client left before it had sent its request."""


class FhirEndpoint:
    """An ASGI app that has `answer` answer FHIR requests below `BASE_PATH` and leaves all others to `otherwise`.

    `answer` may raise FhirError; a body may have `body_limit` bytes. What `proxies` say of a client is believed.
    """

    def __init__(
        self, otherwise: App, answer: Answer, base_url: str, body_limit: int, proxies: Proxies
    ) -> None:
        self._otherwise = otherwise
        self._answer = answer
        self._base_url = base_url
        self._body_limit = body_limit
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_fhir(scope["path"]):
            await self._otherwise(scope, receive, send)
            return
        try:
            response = await self._answer(await self._request(scope, receive))
        except FhirError as error:
            response = failed(error)
        except Disconnected:
            return
        await respond_fhir(send, response, with_body=scope["method"] != "HEAD")

    async def _request(self, scope: Scope, receive: Receive) -> FhirRequest:
        method = scope["method"]
        headers = _headers(scope)
        body = await self._body(headers, receive) if method in _WITH_BODY else b""
        query = scope["query_string"]
        work = current_request()
        caller = Caller(ANONYMOUS, work.id if work else "", self._proxies.client(scope))
        return FhirRequest(
            method,
            path_below_base(scope),
            caller,
            self._base_url,
            decoded_pairs(query.decode("latin-1")) if query else (),
            headers,
            body,
        )

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        """The whole body; 413 as soon as it is known to be too large, 415 if it is compressed."""
        if headers.get("content-encoding", "identity") != "identity":
            told = "A compressed body is not accepted."
            raise FhirError(415, [Issue("not-supported", told, "http.Content-Encoding")])
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:18]) > self._body_limit:
            raise self._too_large()
        message = await receive()
        body: bytes = _content(message)
        if not message.get("more_body", False):
            if len(body) > self._body_limit:
                raise self._too_large()
            return body
        parts, size = [body], len(body)
        while message.get("more_body", False):
            if size > self._body_limit:
                raise self._too_large()
            message = await receive()
            parts.append(_content(message))
            size += len(parts[-1])
        if size > self._body_limit:
            raise self._too_large()
        return b"".join(parts)

    def _too_large(self) -> FhirError:
        return too_large(f"A body may have {self._body_limit} bytes.")


def _content(message: dict[str, object] | object) -> bytes:
    assert isinstance(message, dict)
    if message["type"] == "http.disconnect":
        raise Disconnected
    body = message.get("body", b"")
    assert isinstance(body, bytes)
    return body


def is_fhir(path: str) -> bool:
    """Whether a URL's path is the FHIR base or below it."""
    return path.startswith(BASE_PATH) and path[len(BASE_PATH) :][:1] in ("", "/")


def path_below_base(scope: Scope) -> tuple[str, ...]:
    """The segments below the base, from the path as it was sent, so that each is decoded once."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if not raw.startswith(_BASE):
        raise bad_request(f"The base of this API is {BASE_PATH}, without escapes.")
    try:
        return segments(raw[len(_BASE) :].decode("ascii"))
    except UnicodeDecodeError:
        raise bad_request("The path must be escaped.") from None


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by name; a doubled one is 400 where two values would contradict each other, else they are joined."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = _READ.get(name)
        if key is None:
            continue
        text = value.decode("latin-1")
        if key in headers:
            if name in _ONCE:
                raise bad_request("This header may be given once only.", f"http.{key}")
            text = f"{headers[key]}, {text}"
        headers[key] = text
    return headers


async def respond_fhir(send: Send, response: FhirResponse, *, with_body: bool) -> None:
    """Send a whole answer, to HEAD without its body."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if response.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})
