"""Deadlines: a request has so much time, and everything asked on its behalf has what is left of it.

https://grpc.io/docs/guides/deadlines/
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple

from telerehab.rpc.status import deadline_exceeded

REQUEST_SECONDS = 30.0


class Patience(NamedTuple):
    """Seconds that another service has for an answer, whatever is left of the request's own time.

    `question` is for what changes nothing, `request` for a whole FHIR request passed on to it.
    """

    question: float
    request: float


PATIENCE = Patience(5.0, 10.0)


@dataclass(frozen=True, slots=True)
class _Time:
    """What a request has: until when (monotonic), and who let it wait in vain."""

    until: float
    silent: set[str]


_time: ContextVar[_Time | None] = ContextVar("telerehab_time", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give the work inside at most `seconds`, and no more than what surrounds it has left."""
    outer, until = _time.get(), time.monotonic() + seconds
    token = _time.set(_Time(until, set()) if outer is None else _Time(min(outer.until, until), outer.silent))
    try:
        yield
    finally:
        _time.reset(token)


def remaining() -> float:
    """Seconds left for a call (`REQUEST_SECONDS` outside of any request); FhirError 504 when none are."""
    given = _time.get()
    if given is None:
        return REQUEST_SECONDS
    left = given.until - time.monotonic()
    if left <= 0:
        raise deadline_exceeded()
    return left


def fell_silent(owner: str) -> None:
    """Note that `owner` did not answer in time: the same request does not wait for it again."""
    if (given := _time.get()) is not None:
        given.silent.add(owner)


def is_silent(owner: str) -> bool:
    """Whether this request has waited for `owner` in vain."""
    given = _time.get()
    return given is not None and owner in given.silent
