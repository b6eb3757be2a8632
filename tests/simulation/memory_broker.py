"""A broker in memory; as PostgreSQL's (fenced, each id once) or as Kafka's (partitions, neither of both).

It passes tests/telerehab/events/brokers/test_broker_contract.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from zlib import crc32

from telerehab.events.brokers.broker import Delivery, Fenced, Lag, Partition, Record, Unavailable
from tests.simulation.wire import Wire

T = TypeVar("T")
POLL_SECONDS = 1.0
FOLLOW_SECONDS = 0.2


@dataclass(slots=True)
class Claim:
    """Where a group stands in a partition, and who reads it for the group until when (the loop's seconds)."""

    position: int = 0
    epoch: int = 0
    holder: object = None
    until: float = float("-inf")


class BrokerServer:
    """The log, and the positions of groups. `lease` is how long a member that says nothing stays one (seconds)."""

    def __init__(self, *, partitions: int = 1, fences: bool = True, lease: float = 5.0) -> None:
        self.lease = lease
        self.fences = fences
        self._partitions = partitions
        self._logs: dict[Partition, list[Record]] = {}
        self._known: set[str] = set()
        self._epochs: dict[str, int] = {}
        self._claims: dict[tuple[str, Partition], Claim] = {}
        self._appended: dict[object, Callable[[], None]] = {}
        self.accepted: Callable[[str, object], None] = lambda producer, owner: None

    def append(self, producer: str, epoch: int, records: Sequence[Record], owner: object) -> None:
        """In order; raises Fenced."""
        if self.fences and epoch < self._epochs.get(producer, epoch):
            raise Fenced(producer)
        self._epochs[producer] = epoch
        self.accepted(producer, owner)
        for record in records:
            if self.fences and record.id in self._known:
                continue
            self._known.add(record.id)
            number = crc32(record.key) % self._partitions
            self.log(Partition(record.topic, number)).append(record)
        for tell in list(self._appended.values()):
            tell()

    def log(self, partition: Partition) -> list[Record]:
        return self._logs.setdefault(partition, [])

    def partitions(self, topics: Sequence[str]) -> list[Partition]:
        return [Partition(topic, number) for topic in sorted(topics) for number in range(self._partitions)]

    def claim(self, group: str, topics: Sequence[str], member: object) -> dict[Partition, tuple[int, int]]:
        """Position and epoch of each partition that the member has from now on: its own and those free."""
        now = asyncio.get_running_loop().time()
        held = {}
        for partition in self.partitions(topics):
            claim = self._claims.setdefault((group, partition), Claim())
            if claim.holder is member or claim.until < now:
                claim.epoch += claim.holder is not member
                claim.holder, claim.until = member, now + self.lease
                held[partition] = (claim.position, claim.epoch)
        return held

    def commit(self, group: str, positions: Mapping[Partition, tuple[int, int]]) -> None:
        """Keep positions (with the epochs of their claims), which never go back."""
        for partition, (position, epoch) in positions.items():
            claim = self._claims[group, partition]
            if claim.epoch == epoch:
                claim.position = max(claim.position, position)

    def leave(self, group: str, member: object) -> None:
        self._appended.pop(member, None)
        for (of, _), claim in self._claims.items():
            if of == group and claim.holder is member:
                claim.until = float("-inf")

    def rebalance(self, group: str) -> None:
        """Take every claim of a group away; whoever asks first has them next, from the positions kept."""
        for (of, _), claim in self._claims.items():
            if of == group:
                claim.holder, claim.until = None, float("-inf")

    def read(self, next_: Mapping[Partition, int], limit: int) -> list[Delivery]:
        return [
            Delivery(partition, offset, record)
            for partition, start in next_.items()
            for offset, record in enumerate(self.log(partition)[start : start + limit], start)
        ]

    def lag(self, group: str, topics: Sequence[str]) -> list[Lag]:
        return [
            Lag(
                group,
                partition,
                self._claims[group, partition].position if (group, partition) in self._claims else 0,
                len(self.log(partition)),
            )
            for partition in self.partitions(topics)
        ]

    def rewind(self, group: str, topics: Sequence[str]) -> None:
        for partition in self.partitions(topics):
            self._claims.pop((group, partition), None)

    def wake(self, member: object, tell: Callable[[], None]) -> None:
        self._appended[member] = tell


class MemoryBroker:
    """One process's way to a `BrokerServer`."""

    def __init__(self, server: BrokerServer, wire: Wire) -> None:
        self.server = server
        self.wire = wire

    async def publish(self, producer: str, epoch: int, records: Sequence[Record]) -> None:
        if records:
            await self.ask(
                lambda: self.server.append(producer, epoch, records, self.wire.owner),
                f"publish {len(records)}",
            )

    async def reader(self, group: str, topics: Sequence[str]) -> MemoryReader:
        return MemoryReader(self, group, sorted(topics))

    async def lag(self, group: str, topics: Sequence[str]) -> list[Lag]:
        return await self.ask(lambda: self.server.lag(group, topics), "lag")

    async def rewind(self, group: str, topics: Sequence[str]) -> None:
        await self.ask(lambda: self.server.rewind(group, topics), "rewind")

    async def follow(
        self, topics: Sequence[str], *, from_beginning: bool
    ) -> AsyncGenerator[Sequence[Delivery], None]:
        next_ = {lag.partition: 0 if from_beginning else lag.end for lag in await self.lag("", topics)}
        while True:
            found = await self.ask(partial(self.server.read, next_, 500), "follow")
            next_ |= {delivery.partition: delivery.offset + 1 for delivery in found}
            yield found
            if not found:
                await asyncio.sleep(FOLLOW_SECONDS)

    async def ask(self, effect: Callable[[], T], what: str) -> T:
        try:
            return await self.wire.call(effect, what)
        except ConnectionError:
            raise Unavailable from None


class MemoryReader:
    """A member of a group, whose claims are renewed while it lives."""

    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str]) -> None:
        self.generation = 0
        self._broker = broker
        self._group = group
        self._topics = topics
        self._epochs: dict[Partition, int] = {}
        self._next: dict[Partition, int] = {}
        self._claiming = asyncio.Lock()
        self._claimed_at = float("-inf")
        self._appended = asyncio.Event()
        broker.server.wake(self, lambda: broker.wire.tell(self._appended.set))
        self._renewing = asyncio.create_task(self._renew())

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        self._appended.clear()
        async with self._claiming:
            if asyncio.get_running_loop().time() - self._claimed_at > self._broker.server.lease / 2:
                await self._claim()
            wanted = dict(self._next)
            found = await self._broker.ask(
                lambda: self._broker.server.read(wanted, limit), f"fetch {self._group}"
            )
            self._next |= {delivery.partition: delivery.offset + 1 for delivery in found}
        if not found:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._appended.wait(), POLL_SECONDS)
        return found

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        given = {
            partition: (position, self._epochs[partition])
            for partition, position in positions.items()
            if partition in self._epochs
        }
        if given:
            await self._broker.ask(
                lambda: self._broker.server.commit(self._group, given), f"commit {self._group}"
            )

    async def close(self) -> None:
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        self._epochs.clear()
        await self._broker.ask(lambda: self._broker.server.leave(self._group, self), f"leave {self._group}")

    async def _claim(self) -> None:
        now = asyncio.get_running_loop().time()
        held = await self._broker.ask(
            lambda: self._broker.server.claim(self._group, self._topics, self), f"claim {self._group}"
        )
        epochs = {partition: epoch for partition, (_, epoch) in held.items()}
        gained = [partition for partition in held if self._epochs.get(partition) != epochs[partition]]
        self._epochs = epochs
        self._next = {partition: self._next.get(partition, 0) for partition in held}
        self._next |= {partition: held[partition][0] for partition in gained}
        self.generation += bool(gained)
        self._claimed_at = now if held else float("-inf")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._broker.server.lease / 4)
            with suppress(Unavailable):
                async with self._claiming:
                    await self._claim()
