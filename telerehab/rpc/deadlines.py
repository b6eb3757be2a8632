"""Deadlines: a request has so much time, and everything asked on its behalf has what is left of it.

https://grpc.io/docs/guides/deadlines/
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from telerehab.rpc.status import deadline_exceeded

REQUEST_SECONDS = 30.0

_deadline: ContextVar[float | None] = ContextVar("telerehab_deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give the work inside at most `seconds`, and no more than what surrounds it has left."""
    outer, new = _deadline.get(), time.monotonic() + seconds
    token = _deadline.set(new if outer is None else min(outer, new))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining() -> float:
    """Seconds left for a call (`REQUEST_SECONDS` outside of any request); FhirError 504 when none are."""
    deadline = _deadline.get()
    if deadline is None:
        return REQUEST_SECONDS
    left = deadline - time.monotonic()
    if left <= 0:
        raise deadline_exceeded()
    return left
