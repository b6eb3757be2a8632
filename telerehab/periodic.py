"""Work that time, not a request or an event, brings about: holds that expire, deadlines that pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork

PeriodicFunction = Callable[["UnitOfWork"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something a service does again and again, `seconds` apart, each time in a unit of work of its own.

    Replicas may do it at the same time: the commit is optimistic, and whoever misses finds nothing left to do.
    """

    name: str
    seconds: float
    perform: PeriodicFunction


def periodic(*, seconds: float) -> Callable[[PeriodicFunction], Periodic]:
    """Declare periodic work; see `Periodic`."""

    def declare(perform: PeriodicFunction) -> Periodic:
        return Periodic(perform.__name__, seconds, perform)

    return declare
