"""What events keep, in memory: outbox, lease, inbox and dead letters of each schema, and notifications.

It passes tests/telerehab/events/test_keeping_contract.py, as `telerehab.events.database.Database` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from telerehab.events.brokers.broker import Record
from telerehab.events.catalogue import SAFETY_TOPIC
from telerehab.events.dead_letter import DEAD_LETTER_CHANNEL, DeadLetter, lane_of
from tests.simulation.schema import Letter, Schema, Transaction
from tests.simulation.wire import Locked, Wire


class MemoryServer:
    """The schemas of one database, and who listens."""

    def __init__(self, schemas: Collection[Schema]) -> None:
        self.schemas = {schema.name: schema for schema in schemas}
        self.listeners: dict[str, dict[object, Callable[[str], None]]] = {}

    def notify(self, channel: str, payloads: Sequence[str]) -> None:
        for payload in payloads:
            for listener in list(self.listeners.get(channel, {}).values()):
                listener(payload)


class MemoryDatabase:
    """One process's connections to a `MemoryServer`."""

    def __init__(self, server: MemoryServer, wire: Wire) -> None:
        self.server = server
        self.wire = wire

    async def open(self) -> MemoryDatabase:
        return self

    def outbox(self, schema: str) -> MemoryOutbox:
        return MemoryOutbox(self.server.schemas[schema], self.wire)

    def lease(self, schema: str) -> MemoryLease:
        return MemoryLease(self.server.schemas[schema], self.wire)

    def inbox(self, schema: str) -> MemoryInbox:
        return MemoryInbox(self.server.schemas[schema], self.wire)

    def letters(self, schema: str) -> MemoryLetters:
        return MemoryLetters(self, self.server.schemas[schema])

    async def notify(self, channel: str, payloads: Sequence[str]) -> None:
        await self.wire.call(lambda: self.server.notify(channel, payloads), f"notify {channel}")

    @asynccontextmanager
    async def listening(self, channel: str, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        lost = asyncio.Event()
        me = object()
        listeners = self.server.listeners.setdefault(channel, {})

        def tell(payload: str) -> None:
            self.wire.tell(lambda: heard(payload))

        def lose() -> None:
            listeners.pop(me, None)
            self.wire.tell(lost.set)

        await self.wire.call(lambda: listeners.update({me: tell}), f"listen {channel}")
        with self.wire.losing(lose):
            try:
                yield lost
            finally:
                listeners.pop(me, None)


@dataclass(frozen=True, slots=True)
class MemoryOutbox:
    schema: Schema
    wire: Wire

    async def first(self, limit: int) -> list[Mapping[str, Any]]:
        def first() -> list[Mapping[str, Any]]:
            rows = list(self.schema.outbox.values())
            safety = [row for row in rows if row["topic"] == SAFETY_TOPIC]
            others = [row for row in rows if row["topic"] != SAFETY_TOPIC]
            return [*safety[:limit], *others[:limit]]

        return await self.wire.call(first, "outbox")

    async def remove(self, ids: Collection[int]) -> None:
        def remove() -> None:
            for id_ in ids:
                self.schema.outbox.pop(id_, None)

        await self.wire.call(remove, f"published {list(ids)}")

    async def waiting(self) -> dict[str, Any]:
        def waiting() -> dict[str, Any]:
            times = [row["time"] for row in self.schema.outbox.values()]
            age = (self.schema.clock() - min(times)).total_seconds() if times else 0.0
            return {"count": len(times), "seconds": age}

        return await self.wire.call(waiting, "waiting")


@dataclass(frozen=True, slots=True)
class MemoryLease:
    schema: Schema
    wire: Wire

    async def take(self, holder: UUID, seconds: float) -> int | None:
        def take() -> int | None:
            lease, now = self.schema.lease, self.schema.clock()
            if lease.holder != holder and lease.until >= now:
                return None
            lease.epoch += lease.holder != holder
            lease.holder, lease.until = holder, now + timedelta(seconds=seconds)
            lease.granted[self.wire.owner] = lease.epoch
            return lease.epoch

        return await self.wire.call(take, "lease")

    async def release(self, holder: UUID) -> None:
        def release() -> None:
            if self.schema.lease.holder == holder:
                self.schema.lease.until = self.schema.clock() - timedelta(days=1)

        await self.wire.call(release, "release lease")


@dataclass(frozen=True, slots=True)
class MemoryInbox:
    schema: Schema
    wire: Wire

    async def taken(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        asked = list(pairs)
        return await self.wire.call(lambda: {pair for pair in asked if pair in self.schema.inbox}, "inbox")


class MemoryLetters:
    """The dead letters of one schema; a letter that a transaction removes makes others wait for its end."""

    def __init__(self, database: MemoryDatabase, schema: Schema) -> None:
        self._database = database
        self._wire = database.wire
        self._schema = schema
        self._letters = schema.letters

    async def blocked(self) -> set[tuple[str, bytes]]:
        return await self._wire.call(lambda: {_lane(letter) for letter in self._letters.values()}, "blocked")

    async def wait_behind(self, handler: str, record: Record) -> bool:
        lane = (handler, lane_of(record))

        def wait_behind() -> bool:
            earlier = [letter for letter in self._letters.values() if _lane(letter) == lane]
            if earlier and earlier[0].removed:
                raise Locked
            if earlier:
                self._insert(handler, record, "waiting", "", 0.0, 0)
            return bool(earlier)

        return await self._wire.call(wait_behind, f"wait behind {handler}")

    async def add(
        self, handler: str, record: Record, *, state: str, error: str, after: float, failures: int = 1
    ) -> None:
        def add() -> None:
            if (record.id, handler) not in self._schema.inbox:
                self._insert(handler, record, state, error, after, failures)

        await self._wire.call(add, f"letter {handler} {state}")

    def _insert(
        self, handler: str, record: Record, state: str, error: str, after: float, failures: int
    ) -> None:
        known = (letter.kept for letter in self._letters.values())
        if any((each.handler, each.record.id) == (handler, record.id) for each in known):
            return
        now, id_ = self._schema.clock(), next(self._schema.ids)
        kept = DeadLetter(id_, handler, lane_of(record), record, state, failures, error, now)
        self._letters[id_] = Letter(kept, now + timedelta(seconds=after))

    async def next_due(self, handlers: Collection[str]) -> float | None:
        def next_due() -> float | None:
            first = [letter.due for letter in self._first(handlers)]
            return (min(first) - self._schema.clock()).total_seconds() if first else None

        return await self._wire.call(next_due, "next due")

    @asynccontextmanager
    async def due(self, handlers: Collection[str]) -> AsyncIterator[MemoryHeld | None]:
        transaction = Transaction()

        def hold() -> Letter | None:
            transaction.check()
            now = self._schema.clock()
            free = [each for each in self._first(handlers) if each.due <= now and each.held is None]
            chosen = min(free, key=lambda letter: letter.due, default=None)
            if chosen is not None:
                chosen.held, transaction.letter = transaction, chosen
            return chosen

        def commit() -> None:
            transaction.check()
            transaction.end(commit=True)

        with self._wire.losing(lambda: transaction.end(commit=False)):
            try:
                letter = await self._wire.call(hold, "due")
                yield MemoryHeld(self._schema, self._wire, transaction, letter) if letter else None
                await self._wire.call(commit, "commit letter")
            finally:
                transaction.end(commit=False)

    async def dead(self, event_ids: Collection[str]) -> set[tuple[str, str]]:
        def dead() -> set[tuple[str, str]]:
            every = [letter.kept for letter in self._letters.values()]
            last = {(each.handler, each.lane): each.id for each in every[::-1] if each.state == "dead"}
            return {
                (each.record.id, each.handler)
                for each in every
                if each.record.id in event_ids and last.get((each.handler, each.lane), each.id + 1) <= each.id
            }

        return await self._wire.call(dead, "dead")

    async def counts(self) -> dict[tuple[str, str], tuple[int, float]]:
        def counts() -> dict[tuple[str, str], tuple[int, float]]:
            found: dict[tuple[str, str], tuple[int, float]] = {}
            for letter in self._letters.values():
                of = (letter.kept.handler, letter.kept.state)
                count, oldest = found.get(of, (0, 0.0))
                age = (self._schema.clock() - letter.kept.since).total_seconds()
                found[of] = (count + 1, max(oldest, age))
            return found

        return await self._wire.call(counts, "counts")

    async def all(self) -> list[DeadLetter]:
        def every() -> list[DeadLetter]:
            kept = (letter.kept for letter in self._letters.values())
            return sorted(kept, key=lambda each: (each.handler, each.lane, each.id))

        return await self._wire.call(every, "letters")

    async def replay(self, ids: Collection[int]) -> int:
        def replay() -> int:
            known = [id_ for id_ in ids if id_ in self._letters]
            for id_ in known:
                letter = self._letters[id_]
                letter.kept = replace(letter.kept, state="retrying", failures=0)
                letter.due = self._schema.clock()
            self._database.server.notify(DEAD_LETTER_CHANNEL, [self._schema.name])
            return len(known)

        return await self._wire.call(replay, "replay")

    async def discard(self, ids: Collection[int]) -> int:
        def discard() -> int:
            known = [id_ for id_ in ids if self._letters.pop(id_, None)]
            self._database.server.notify(DEAD_LETTER_CHANNEL, [self._schema.name])
            return len(known)

        return await self._wire.call(discard, "discard")

    def _first(self, handlers: Collection[str]) -> list[Letter]:
        """The first letter of each lane, if it is to be tried again."""
        first: dict[tuple[str, bytes], Letter] = {}
        for letter in self._letters.values():
            first.setdefault(_lane(letter), letter)
        return [
            each for each in first.values() if each.kept.handler in handlers and each.kept.state != "dead"
        ]


@dataclass(frozen=True, slots=True)
class MemoryHeld:
    """A letter that a transaction holds."""

    schema: Schema
    wire: Wire
    transaction: Transaction
    row: Letter

    @property
    def letter(self) -> DeadLetter:
        return self.row.kept

    async def taken(self) -> None:
        def take() -> None:
            self.transaction.check()
            self.row.removed = True
            self.transaction.change = lambda: self.schema.letters.pop(self.letter.id, None)

        await self.wire.call(take, "letter taken")

    async def failed(self, *, state: str, error: str, after: float) -> None:
        def change() -> None:
            kept = self.row.kept
            self.row.kept = replace(kept, state=state, error=error, failures=kept.failures + 1)
            self.row.due = self.schema.clock() + timedelta(seconds=after)

        def fail() -> None:
            self.transaction.check()
            self.transaction.change = change

        await self.wire.call(fail, f"letter {state}")


def _lane(letter: Letter) -> tuple[str, bytes]:
    return letter.kept.handler, letter.kept.lane
