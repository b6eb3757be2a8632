"""The piece of work at hand (a request, a call, an event), known to everything below it through a context variable."""

from __future__ import annotations

import re
from contextvars import ContextVar, Token

from telerehab.observability.trace import Trace, continue_trace

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Request:
    """What log lines and metrics say about a piece of work; whoever routes it fills in what it turns out to be.

    `interaction` is a FHIR interaction code ("read", "search-type", "operation" …), `type` a resource type or "";
    neither may hold anything a client made up.
    """

    __slots__ = ("id", "interaction", "service", "trace", "type")

    def __init__(self, service: str, id_: str | None = None, traceparent: str | None = None) -> None:
        self.service = service
        self.trace: Trace = continue_trace(traceparent)
        self.id: str = id_ if id_ and _SANE_ID.fullmatch(id_) else self.trace.span_id
        self.interaction = "other"
        self.type = ""


_current: ContextVar[Request | None] = ContextVar("telerehab_request", default=None)


def current_request() -> Request | None:
    """The piece of work that is being done, if any."""
    return _current.get()


def current_traceparent() -> str:
    """The traceparent for an outgoing call or event: within the current trace, or "" outside of any work."""
    request = _current.get()
    return request.trace.traceparent if request else ""


class working_on:
    """Makes `request` the current piece of work for as long as the context lasts."""

    __slots__ = ("_before", "_request")
    _before: Token[Request | None]

    def __init__(self, request: Request) -> None:
        self._request = request

    def __enter__(self) -> Request:
        self._before = _current.set(self._request)
        return self._request

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)
