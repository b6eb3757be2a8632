"""The piece of work at hand (a request, a call, an event), known to everything below it through a context variable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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


@contextmanager
def working_on(request: Request) -> Iterator[Request]:
    """Make `request` the current piece of work."""
    token = _current.set(request)
    try:
        yield request
    finally:
        _current.reset(token)
