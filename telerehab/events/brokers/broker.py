"""The broker interface: an ordered log of records per topic, read by groups at their own pace.

Every implementation passes tests/telerehab/events/brokers/test_broker_contract.py.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Partition(NamedTuple):
    """A part of a topic within which order is kept; all records of one key are in the same one."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is published: `id` makes a repetition recognisable, `headers` are the CloudEvents attributes."""

    id: str
    topic: str
    key: bytes
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record as it is read; the position after it is `offset` + 1."""

    partition: Partition
    offset: int
    record: Record


@dataclass(frozen=True, slots=True)
class Lag:
    """How many records of a partition a group has not taken yet; `position` is the next offset it will read."""

    group: str
    partition: Partition
    position: int
    end: int

    @property
    def records(self) -> int:
        return self.end - self.position


class Fenced(Exception):
    """A newer epoch of this producer has published: whoever holds the older one must stop."""


class Unavailable(Exception):
    """The broker cannot be reached at the moment; what was asked may or may not have happened: ask again."""


class NoSuchTopic(Exception):
    """A topic has not been made; the message says how it is. Not every broker needs its topics made."""


class Reader(Protocol):
    """One member of a group. No record goes to two members at a time, while their claims hold.

    `generation` changes whenever partitions were gained, so that a reader may have to look up what its
    predecessor left. Back-pressure: what is not fetched is not read ahead without bound.
    """

    generation: int

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        """The next records, in order per partition; waits a while for some, may be empty. Raises Unavailable."""
        ...

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Keep the positions to go on from; those of partitions lost meanwhile are ignored. Raises Unavailable."""
        ...

    async def close(self) -> None:
        """Leave the group, so that another member may go on at once."""
        ...


class Broker(Protocol):
    """A place to publish to and to read from."""

    async def publish(self, producer: str, epoch: int, records: Sequence[Record]) -> None:
        """Append in order; returns when all are kept safely.

        A record whose id is known already is not kept twice, or is left to the reader's inbox. Raises Fenced where
        the broker can tell that `epoch` of this producer is over, and Unavailable.
        """
        ...

    async def reader(self, group: str, topics: Sequence[str]) -> Reader:
        """A new member of `group`, which begins where the group stands, at first at the very beginning."""
        ...

    async def lag(self, group: str, topics: Sequence[str]) -> list[Lag]:
        """Where the group stands in each partition."""
        ...

    async def rewind(self, group: str, topics: Sequence[str]) -> None:
        """Let the group begin at the very beginning again; nobody may be reading in it."""
        ...

    def follow(
        self, topics: Sequence[str], *, from_beginning: bool
    ) -> AsyncGenerator[Sequence[Delivery], None]:
        """What the topics hold, or get from now on, as no group reads it; without end. Raises Unavailable."""
        ...
