"""Places for the work in progress: so many at a time, care before bulk, so many waiting, and beyond that a refusal.

https://sre.google/sre-book/handling-overload/ and decision 0105
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal

from telerehab.fhir.outcome import FhirError, Issue
from telerehab.observability import Metrics
from telerehab.settings import Settings

Kind = Literal["care", "bulk"]
KINDS: tuple[Kind, Kind] = ("care", "bulk")

WAIT_SECONDS = 5.0
"""Longer than this nobody waits for a place: who asked has better news of a refusal."""
BULK_WAITING = 8
"""One in so many of those who wait may be bulk."""
_RETRY_AFTER = {"care": "1", "bulk": "5"}


class Admission:
    """`places` for requests in progress, `bulk` of them for bulk at most; `waiting` may wait, care goes first.

    FhirError 503 with Retry-After when as many wait already, and to who has waited `seconds` in vain; `refused` counts.
    """

    def __init__(
        self,
        places: int,
        bulk: int,
        waiting: int,
        refused: Callable[[Kind], None] = lambda kind: None,
        seconds: float = WAIT_SECONDS,
    ) -> None:
        self._places = {"care": places, "bulk": min(bulk, places)}
        self._most_waiting = {"care": waiting, "bulk": waiting // BULK_WAITING}
        self._seconds = seconds
        self._taken = dict.fromkeys(KINDS, 0)
        self._waiting: dict[Kind, deque[asyncio.Future[None]]] = {kind: deque() for kind in KINDS}
        self._refused = refused

    def in_progress(self, kind: Kind) -> int:
        """How many of a kind have a place."""
        return self._taken[kind]

    def waiting(self, kind: Kind) -> int:
        """How many of a kind wait for one."""
        return len(self._waiting[kind])

    def take_at_once(self, kind: Kind) -> bool:
        """Take a place if one is free and nobody waits who comes before."""
        if not self._is_free(kind) or self._waiting[kind]:
            return False
        self._taken[kind] += 1
        return True

    async def take(self, kind: Kind, seconds: float) -> None:
        """Take a place, if need be in turn; FhirError 503 if there are too many, or none came free within `seconds`."""
        if self.take_at_once(kind):
            return
        queue = self._waiting[kind]
        if len(queue) >= self._most_waiting[kind]:
            raise self._refusal(kind)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(min(seconds, self._seconds)):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back(kind)  # it came free in the same moment
            elif turn in queue:
                queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise self._refusal(kind) from None
            raise

    def give_back(self, kind: Kind) -> None:
        """Leave a place, to who waits for it."""
        self._taken[kind] -= 1
        for next_ in KINDS:
            queue = self._waiting[next_]
            while queue and self._is_free(next_):
                turn = queue.popleft()
                if not turn.done():
                    self._taken[next_] += 1
                    turn.set_result(None)

    def _is_free(self, kind: Kind) -> bool:
        if self._taken["care"] + self._taken["bulk"] >= self._places["care"]:
            return False
        return kind == "care" or (self._taken["bulk"] < self._places["bulk"] and not self._waiting["care"])

    def _refusal(self, kind: Kind) -> FhirError:
        self._refused(kind)
        told = "There is more to do than can be done at the moment; try again a little later."
        return FhirError(503, [Issue("throttled", told)], {"Retry-After": _RETRY_AFTER[kind]})


def admissions(names: Iterable[str], settings: Settings, metrics: Metrics) -> dict[str, Admission]:
    """Places for each of these destinations, and the metrics that tell of all of them together."""
    refused = metrics.counter("requests_refused", "Requests refused for want of a place", ["kind"])
    for kind in KINDS:
        refused.labels(kind)

    def admission() -> Admission:
        return Admission(
            settings.requests_in_progress,
            settings.bulk_in_progress,
            settings.requests_waiting,
            lambda kind: refused.labels(kind).inc(),
        )

    made = {name: admission() for name in names}

    def told(name: str, meaning: str, of: Callable[[Admission, Kind], int]) -> None:
        gauge = metrics.settable_gauge(name, meaning, ["kind"])
        for kind in KINDS:
            gauge.labels(kind).set_function(partial(_sum, of, made.values(), kind))

    told("requests_in_progress", "Requests that have a place", Admission.in_progress)
    told("requests_waiting", "Requests that wait for a place", Admission.waiting)
    return made


def _sum(of: Callable[[Admission, Kind], int], each: Iterable[Admission], kind: Kind) -> float:
    return sum(of(one, kind) for one in each)
