"""The PostgreSQL broker: a log in a schema of its own (`broker`), offsets from a locked counter per topic.

https://www.postgresql.org/docs/current/sql-notify.html wakes the readers; a slow poll stands behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from uuid import UUID, uuid4

import orjson

from telerehab.events.brokers.broker import Delivery, Fenced, Lag, Partition, Record, Unavailable
from telerehab.events.database import Database, is_outage
from telerehab.events.notification import Listener, Notifier

CHANNEL = "telerehab_broker"
POLL_SECONDS = 1.0
LEASE_SECONDS = 5.0
FOLLOWED = 500
FOLLOW_SECONDS = 0.2

_APPEND = "SELECT broker.append($1, $2, $3, $4, $5, $6, $7)"
_CLAIM = "SELECT * FROM broker.claim($1, $2, $3, $4)"
_READ = """
    SELECT log.* FROM unnest($1::text[], $2::bigint[]) AS wanted (topic, next_offset)
    CROSS JOIN LATERAL (
        SELECT topic, "offset", event_id, key, headers, payload FROM broker.log
        WHERE log.topic = wanted.topic AND log."offset" >= wanted.next_offset
        ORDER BY log."offset" LIMIT $3
    ) AS log
"""
_COMMIT = """
    UPDATE broker.position AS kept SET next_offset = greatest(kept.next_offset, given.next_offset)
    FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS given (topic, next_offset, epoch)
    WHERE kept.group_name = $1 AND kept.topic = given.topic AND kept.epoch = given.epoch
"""
_RELEASE = "UPDATE broker.position SET until = '-infinity' WHERE group_name = $1 AND holder = $2"
_LAG = """
    SELECT asked.topic, coalesce(position.next_offset, 0) AS next_offset, coalesce(topic.next_offset, 0) AS end_offset
    FROM unnest($2::text[]) AS asked (topic)
    LEFT JOIN broker.topic ON topic.name = asked.topic
    LEFT JOIN broker.position ON position.topic = asked.topic AND position.group_name = $1
"""
_REWIND = "DELETE FROM broker.position WHERE group_name = $1 AND topic = ANY ($2)"


class PostgresBroker:
    """A broker in the `broker` schema of `database`; use it within `running()`."""

    def __init__(
        self, database: Database, *, poll_seconds: float = POLL_SECONDS, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self.database = database
        self.poll_seconds = poll_seconds
        self.lease = timedelta(seconds=lease_seconds)
        self._notifier = Notifier(database, CHANNEL)
        self._listener = Listener(database, CHANNEL, self._appended)
        self._readers: set[PostgresReader] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PostgresBroker]:
        """Send and hear notifications meanwhile."""
        await self.database.open()
        tasks = [asyncio.create_task(self._notifier.run()), asyncio.create_task(self._listener.run())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def publish(self, producer: str, epoch: int, records: Sequence[Record]) -> None:
        if not records:
            return
        with _reachable():
            appended = await self.database.fetchval(
                _APPEND,
                producer,
                epoch,
                [record.topic for record in records],
                [UUID(record.id) for record in records],
                [record.key for record in records],
                [orjson.dumps(record.headers).decode() for record in records],
                [record.payload for record in records],
            )
        if not appended:
            raise Fenced(producer)
        for topic in {record.topic for record in records}:
            self._notifier.ring(topic)
            self._appended(topic)

    async def reader(self, group: str, topics: Sequence[str]) -> PostgresReader:
        reader = PostgresReader(self, group, sorted(topics))
        self._readers.add(reader)
        return reader

    async def lag(self, group: str, topics: Sequence[str]) -> list[Lag]:
        with _reachable():
            rows = await self.database.fetch(_LAG, group, sorted(topics))
        return [Lag(group, Partition(row["topic"], 0), row["next_offset"], row["end_offset"]) for row in rows]

    async def rewind(self, group: str, topics: Sequence[str]) -> None:
        with _reachable():
            await self.database.execute(_REWIND, group, sorted(topics))

    async def follow(
        self, topics: Sequence[str], *, from_beginning: bool
    ) -> AsyncGenerator[Sequence[Delivery], None]:
        next_ = {lag.partition.topic: 0 if from_beginning else lag.end for lag in await self.lag("", topics)}
        while True:
            with _reachable():
                found = await _read(self.database, next_, FOLLOWED)
            yield found
            if not found:
                await asyncio.sleep(FOLLOW_SECONDS)

    def forget(self, reader: PostgresReader) -> None:
        self._readers.discard(reader)

    def _appended(self, topic: str) -> None:
        """Wake who reads the topic; all of them for "", when there may be anything."""
        for reader in self._readers:
            if not topic or topic in reader.topics:
                reader.appended.set()


class PostgresReader:
    """A member of a group that holds each topic it reads by a lease, renewed while it lives."""

    def __init__(self, broker: PostgresBroker, group: str, topics: Sequence[str]) -> None:
        self.appended = asyncio.Event()
        self.generation = 0
        self._broker = broker
        self._group = group
        self.topics = topics
        self._holder = uuid4()
        self._epochs: dict[str, int] = {}
        self._next: dict[str, int] = {}
        self._claimed_at = float("-inf")
        self._claims = asyncio.Lock()
        self._renewing = asyncio.create_task(self._renew())

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        self.appended.clear()
        with _reachable():
            async with self._claims:
                if not self._is_claimed():
                    await self._claim()
                found = await _read(self._broker.database, self._next, limit)
        if not found:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.appended.wait(), self._broker.poll_seconds)
        return found

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        given = [
            (partition.topic, position, self._epochs[partition.topic])
            for partition, position in sorted(positions.items())
            if partition.topic in self._epochs
        ]
        if not given:
            return
        topics, offsets, epochs = zip(*given, strict=True)
        with _reachable():
            await self._broker.database.execute(
                _COMMIT, self._group, list(topics), list(offsets), list(epochs)
            )

    async def close(self) -> None:
        self._broker.forget(self)
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        self._epochs.clear()
        with _reachable():
            await self._broker.database.execute(_RELEASE, self._group, self._holder)

    def _is_claimed(self) -> bool:
        age = asyncio.get_running_loop().time() - self._claimed_at
        return len(self._epochs) == len(self.topics) and age < self._broker.lease.total_seconds() / 2

    async def _claim(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        rows = await self._broker.database.fetch(
            _CLAIM, self._group, self.topics, self._holder, self._broker.lease
        )
        held = {row["topic"]: row for row in rows}
        gained = {topic for topic, row in held.items() if self._epochs.get(topic) != row["epoch"]}
        self._epochs = {topic: row["epoch"] for topic, row in held.items()}
        self._next = {topic: next_ for topic, next_ in self._next.items() if topic in held} | {
            topic: held[topic]["next_offset"] for topic in gained
        }
        self.generation += bool(gained)
        self._claimed_at = asked_at

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._broker.lease.total_seconds() / 4)
            try:
                async with self._claims:
                    await self._claim()
            except Exception as error:
                if not is_outage(error):
                    raise


async def _read(database: Database, next_: dict[str, int], limit: int) -> list[Delivery]:
    """What the log has from the next offset of each topic on, which are moved behind it."""
    rows = await database.fetch(_READ, list(next_), list(next_.values()), limit)
    found = [
        Delivery(
            Partition(row["topic"], 0),
            row["offset"],
            Record(
                str(row["event_id"]), row["topic"], row["key"], orjson.loads(row["headers"]), row["payload"]
            ),
        )
        for row in rows
    ]
    for delivery in found:
        if delivery.partition.topic in next_:  # not lost meanwhile
            next_[delivery.partition.topic] = delivery.offset + 1
    return found


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise Unavailable from error
        raise
