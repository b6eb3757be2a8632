"""HTTP/1.1 as uvicorn speaks it, with bounds on what may come before the body, refused with an OperationOutcome.

https://www.rfc-editor.org/rfc/rfc9110#section-15.5 and https://www.rfc-editor.org/rfc/rfc6585#section-5
"""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from telerehab.fhir import json
from telerehab.fhir.outcome import Issue, operation_outcome
from telerehab.running.answering import WholeAnswers

LONGEST_URL = 16_384
LARGEST_HEAD = 16_384
_REASONS = {400: "Bad Request", 414: "URI Too Long", 431: "Request Header Fields Too Large"}


class _Refused(Exception):
    pass


class BoundedHttp(HttpToolsProtocol):
    """Answers 414 to a long URL, 431 to large headers, 400 to what is not HTTP, and closes the connection."""

    _refusal = (400, "structure", "This is not an HTTP/1.1 request.")
    _unfinished_head: int | None = None  # bytes so far, while a head is incomplete

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._unfinished_head is None or self.parser is None:
            return
        self._unfinished_head += len(data)
        if self._unfinished_head > LONGEST_URL + LARGEST_HEAD and not self.transport.is_closing():
            self._refuse_large_head()
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unfinished_head = 0

    def on_headers_complete(self) -> None:
        self._unfinished_head = None
        if len(self.url) > LONGEST_URL:
            self._refusal = (
                414,
                "too-long",
                f"The URL is longer than {LONGEST_URL} bytes; use POST _search.",
            )
            raise _Refused
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > LARGEST_HEAD:
            self._refuse_large_head()
            raise _Refused
        self._begin()

    def _begin(self) -> None:
        """Have the request answered, or let it wait for the one before it on this connection."""
        scope, url = self.scope, httptools.parse_url(self.url)
        http_version = self.parser.get_http_version()
        path = url.path.decode("ascii")
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = http_version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        before = self.cycle
        self.cycle = WholeAnswers(
            scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            False,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            http_version != "1.0" and self.parser.should_keep_alive(),
            self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def send_400_response(self, msg: str) -> None:
        status, code, diagnostics = self._refusal
        body = json.dump(operation_outcome([Issue(code, diagnostics, severity="fatal")]))
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/fhir+json; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _refuse_large_head(self) -> None:
        self._refusal = (431, "too-long", f"The headers are larger than {LARGEST_HEAD} bytes.")

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to say: an upgrade is optional for both sides, the request is answered as HTTP/1.1."""
