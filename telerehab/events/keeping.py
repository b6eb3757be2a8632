"""What events need of a database, as the relay, the consumers and whoever waits for a position see it.

`telerehab.events.database.Database` is the one of PostgreSQL. The simulation in tests/simulation has another one, in
memory; tests/telerehab/events/test_keeping_contract.py puts both through the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from telerehab.events.brokers.broker import Record
    from telerehab.events.dead_letter import DeadLetter


class Outbox(Protocol):
    """What a service has said and the relay has not yet published."""

    async def first(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """The first rows (columns as in `OutboxRow`, with `id` and `time`), those of safety before all others."""
        ...

    async def remove(self, ids: Collection[int]) -> None:
        """Forget rows that are published."""
        ...

    async def waiting(self) -> dict[str, Any]:
        """How many events wait for the relay (`count`) and for how long the oldest has (`seconds`)."""
        ...


class LeaseRow(Protocol):
    """Who relays an outbox, until when by the database's clock."""

    async def take(self, holder: UUID, seconds: float) -> int | None:
        """The epoch if `holder` has it from now on, a new one after somebody else's; None while another has it."""
        ...

    async def release(self, holder: UUID) -> None:
        """End it now, if it is this holder's."""
        ...


class InboxRows(Protocol):
    """Which events the handlers of a service have taken."""

    async def taken(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these pairs of event id and handler are there."""
        ...


class HeldLetter(Protocol):
    """A dead letter that is held against other processes until its context ends."""

    @property
    def letter(self) -> DeadLetter: ...

    async def taken(self) -> None:
        """The handler has taken it."""
        ...

    async def failed(self, *, state: str, error: str, after: float) -> None:
        """The handler failed again."""
        ...


class Letters(Protocol):
    """What a running service does with its dead letters; see `telerehab.events.dead_letter.DeadLetters`."""

    async def blocked(self) -> set[tuple[str, bytes]]: ...

    async def wait_behind(self, handler: str, record: Record) -> bool: ...

    async def add(
        self, handler: str, record: Record, *, state: str, error: str, after: float, failures: int = 1
    ) -> None: ...

    async def next_due(self, handlers: Collection[str]) -> float | None: ...

    def due(self, handlers: Collection[str]) -> AbstractAsyncContextManager[HeldLetter | None]: ...

    async def dead(self, event_ids: Collection[str]) -> set[tuple[str, str]]: ...

    async def counts(self) -> dict[tuple[str, str], tuple[int, float]]: ...

    async def all(self) -> list[DeadLetter]: ...

    async def replay(self, ids: Collection[int]) -> int: ...

    async def discard(self, ids: Collection[int]) -> int: ...


class Keeping(Protocol):
    """A database in which each service's events keep these, by the service's schema."""

    async def open(self) -> Any:
        """Be ready for use; no connection is needed for it."""
        ...

    def outbox(self, schema: str) -> Outbox: ...

    def lease(self, schema: str) -> LeaseRow: ...

    def inbox(self, schema: str) -> InboxRows: ...

    def letters(self, schema: str) -> Letters: ...

    async def notify(self, channel: str, payloads: Sequence[str]) -> None:
        """Tell whoever listens on the channel."""
        ...

    def listening(
        self, channel: str, heard: Callable[[str], None]
    ) -> AbstractAsyncContextManager[asyncio.Event]:
        """Call `heard` with each payload meanwhile; the event given is set when the connection is lost."""
        ...
