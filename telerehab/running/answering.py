"""An answer that is whole when it is given, as nearly all of ours are, written with one call.

uvicorn writes head and body apart, and looks at each header by itself; together they cost a tenth of a read.
https://asgi.readthedocs.io/en/latest/specs/www.html#response-start-send-event
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_CONTROLS = bytes(code for code in range(32) if code != 9) + b"\x7f"
_TELLING = frozenset({b"connection", b"transfer-encoding"})
_WITHOUT_BODY = (204, 304)


class WholeAnswers(RequestResponseCycle):
    """Keeps the head back until the first of the body is there; streams go out as uvicorn does it."""

    _head: Any = None

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start" and not self.response_started:
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await super().send(message)
            return
        written = None if message.get("more_body") or self.flow.write_paused else self._whole(head, message)
        if written is None:
            await super().send(head)
            await super().send(message)
        elif not self.disconnected:
            self._finish(written)

    def _whole(self, head: Any, message: Any) -> bytes | None:
        """The bytes of the answer; None if it is another kind than this can write."""
        status, body = head["status"], message.get("body", b"")
        is_head = self.scope["method"] == "HEAD"
        length = b"%d" % len(body)
        parts = [STATUS_LINE[status]]
        has_length = is_head or status in _WITHOUT_BODY
        headers = [*self.default_headers, *head["headers"]]
        for name, value in headers:
            if name in _TELLING or (name == b"content-length" and not is_head and value != length):
                return None
            has_length = has_length or name == b"content-length"
            parts += (name, b": ", value, b"\r\n")
        if not has_length:
            return None
        lines = len(headers) + 2
        parts.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        written = b"".join(parts)
        if len(written) - len(written.translate(None, _CONTROLS)) != 2 * lines + 2 * (not self.keep_alive):
            return None  # a header holds what none may: uvicorn refuses it
        return written if is_head or status in _WITHOUT_BODY else written + body

    def _finish(self, written: bytes) -> None:
        self.response_started = self.response_complete = True
        self.message_event.set()
        self.transport.write(written)
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
