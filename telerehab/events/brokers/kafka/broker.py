"""Publishing to Kafka, and where its groups stand; one thread owns the clients.

Order per key holds although a late relay can't be told off: whoever publishes takes records in the order of the
outbox, from which one goes only when it is acknowledged. So whatever is repeated, by a retry or by a relay whose lease
is over, each record first appears behind those of its key that were said before it, and the inbox drops the rest.
https://kafka.apache.org/documentation/#producerconfigs
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import OffsetSpec
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupIdNotFoundError,
    KafkaError,
    KafkaTimeoutError,
    NoError,
    NotCoordinatorError,
)

from telerehab.events.brokers.broker import Delivery, Lag, Partition, Record, Unavailable
from telerehab.events.brokers.kafka.client import Cluster, client_options, partitions_of, reachable
from telerehab.events.brokers.kafka.deliveries import ID_HEADER
from telerehab.events.brokers.kafka.following import follow
from telerehab.events.brokers.kafka.reader import KafkaReader

PUBLISH_SECONDS = 5.0
MOST_UNDER_WAY = 10_000
CLOSE_SECONDS = 1.0
COORDINATOR_SECONDS = 5.0
_FOREVER_MS = 2**31 - 1

T = TypeVar("T")


class KafkaBroker:
    """A Kafka cluster as a broker; use it within `running()`.

    It is never Fenced: Kafka knows no epochs but those of its own transactions.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._owner = ThreadPoolExecutor(1, thread_name_prefix="kafka")
        self._opened_producer: KafkaProducer | None = None
        self._opened_admin: KafkaAdminClient | None = None
        self._seen: set[str] = set()
        self._under_way: dict[str, Any] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[KafkaBroker]:
        """Connections are made when needed, and closed at the end."""
        try:
            yield self
        finally:
            await self._ask(self._close)
            self._owner.shutdown(wait=False)

    async def publish(self, producer: str, epoch: int, records: Sequence[Record]) -> None:
        if records:
            await self._ask(lambda: self._publish(records))

    async def reader(self, group: str, topics: Sequence[str]) -> KafkaReader:
        return KafkaReader(self._cluster, group, topics)

    async def lag(self, group: str, topics: Sequence[str]) -> list[Lag]:
        return await self._ask(lambda: _with_coordinator(lambda: self._lag(group, topics)))

    async def rewind(self, group: str, topics: Sequence[str]) -> None:
        await self._ask(lambda: _with_coordinator(lambda: self._rewind(group, topics)))

    def follow(
        self, topics: Sequence[str], *, from_beginning: bool
    ) -> AsyncGenerator[Sequence[Delivery], None]:
        return follow(self._cluster, topics, from_beginning=from_beginning)

    async def _ask(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._owner, do)

    def _publish(self, records: Sequence[Record]) -> None:
        """What is not acknowledged in time stays under way, and is not sent again when it is asked for again."""
        with reachable():
            self._look_for({self._cluster.topic(record.topic) for record in records})
            sent = [self._sent(record) for record in records]
            deadline = time.monotonic() + PUBLISH_SECONDS
            for future in sent:
                try:
                    future.get(max(0.0, deadline - time.monotonic()))
                except KafkaError:
                    if future.is_done:
                        self._give_up_producer()
                    raise
        self._under_way = {id_: future for id_, future in self._under_way.items() if not future.is_done}

    def _sent(self, record: Record) -> Any:
        under_way = self._under_way.get(record.id)
        if under_way is not None:
            return under_way
        if len(self._under_way) >= MOST_UNDER_WAY:
            raise Unavailable
        headers = {ID_HEADER: record.id, **record.headers}
        future = self._producer().send(
            self._cluster.topic(record.topic),
            key=record.key,
            value=record.payload,
            headers=[(name, value.encode()) for name, value in headers.items()],
        )
        self._under_way[record.id] = future
        return future

    def _look_for(self, topics: set[str]) -> None:
        if not topics <= self._seen:
            partitions_of(self._admin(), sorted(topics - self._seen))
            self._seen |= topics

    def _lag(self, group: str, topics: Sequence[str]) -> list[Lag]:
        admin = self._admin()
        partitions = partitions_of(admin, [self._cluster.topic(topic) for topic in sorted(topics)])
        name = self._cluster.group(group)
        kept = admin.list_group_offsets({name: partitions})[name]
        starts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        return [
            Lag(
                group,
                Partition(self._cluster.own(each.topic), each.partition),
                max(kept[each].offset if each in kept else 0, starts[each].offset),
                ends[each].offset,
            )
            for each in sorted(partitions)
        ]

    def _rewind(self, group: str, topics: Sequence[str]) -> None:
        admin = self._admin()
        partitions = partitions_of(admin, [self._cluster.topic(topic) for topic in topics])
        try:
            results = admin.delete_group_offsets(self._cluster.group(group), partitions)
        except GroupIdNotFoundError:
            return
        for error in results.values():
            if error is not NoError:
                raise error

    def _producer(self) -> KafkaProducer:
        if self._opened_producer is None:
            self._opened_producer = KafkaProducer(
                **client_options(self._cluster),
                acks="all",
                enable_idempotence=True,
                delivery_timeout_ms=_FOREVER_MS,  # one given up amid others of its key would break their order
                max_block_ms=int(PUBLISH_SECONDS * 1000),
                compression_type="gzip",
                batch_size=128 * 1024,
                allow_auto_create_topics=False,
            )
        return self._opened_producer

    def _admin(self) -> KafkaAdminClient:
        if self._opened_admin is None:
            self._opened_admin = KafkaAdminClient(**client_options(self._cluster))
        return self._opened_admin

    def _give_up_producer(self) -> None:
        """Begin anew after an error that no retry mends; nothing of it is acknowledged, so all will be sent again."""
        producer, self._opened_producer = self._opened_producer, None
        self._under_way.clear()
        self._seen.clear()
        if producer is not None:
            _end(producer, 0.0)

    def _close(self) -> None:
        if self._opened_producer is not None:
            _end(self._opened_producer, CLOSE_SECONDS)
        if self._opened_admin is not None:
            self._opened_admin.close()


def _end(producer: KafkaProducer, seconds: float) -> None:
    """Close a producer; what is not acknowledged within `seconds` is left to whoever publishes it again."""
    try:
        producer.close(timeout=seconds)
    except KafkaTimeoutError:  # its `close` gives up while it waits, and leaves its thread at work
        producer._sender.force_close()
        with suppress(KafkaTimeoutError):
            producer.close(timeout=CLOSE_SECONDS)


def _with_coordinator(do: Callable[[], T]) -> T:
    """Ask again while the group's coordinator is on its way, as it is at the first use of a cluster."""
    deadline = time.monotonic() + COORDINATOR_SECONDS
    with reachable():
        while True:
            try:
                return do()
            except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)
