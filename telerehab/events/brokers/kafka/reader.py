"""Reading from Kafka: a thread owns the consumer, reads a little ahead, and commits what is asked of it.

While it is not asked for more it pauses and goes on polling, so that it stays in its group.
https://kafka.apache.org/documentation/#consumerconfigs
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CommitFailedError, KafkaError, RebalanceInProgressError
from kafka.structs import MemberState, OffsetAndMetadata

from telerehab.events.brokers.broker import Delivery, Partition, Unavailable
from telerehab.events.brokers.kafka.client import Cluster, client_options, partitions_of
from telerehab.events.brokers.kafka.deliveries import delivery_of, partition_of

WAIT_SECONDS = 5.0
MOST_AHEAD = 500
POLL_MS = 100
COMMIT_MS = 2_000
AGAIN_SECONDS = 0.5
LEAVE_MS = 1_000
CLOSE_SECONDS = 8.0  # if Kafka doesn't answer, the group finds out by itself
SESSION_MS = (
    6_000  # the least that brokers allow by default: so long are the partitions of a killed process idle
)
HEARTBEAT_MS = 1_000
REJOIN_SECONDS = 10.0
"""How long a rebalance may take. Longer, and the client waits for nothing: it forgets its request to join when the
partitions that it knows of change while that is under way."""

Positions = Mapping[Partition, int]


class KafkaReader(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member of a group; made at once, though Kafka may be down."""

    def __init__(self, cluster: Cluster, group: str, topics: Sequence[str]) -> None:
        self.generation = 0
        self._cluster = cluster
        self._group = cluster.group(group)
        self._topics = [cluster.topic(topic) for topic in sorted(topics)]
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._lock = threading.Lock()
        self._ahead: deque[Delivery] = deque()
        self._held: set[Partition] = set()
        self._begun: dict[Partition, int] = {}
        """Per partition the position that the group keeps at least, since something of it was read."""
        self._failure: Exception | None = None
        self._to_commit: SimpleQueue[tuple[Positions, Future[None]]] = SimpleQueue()
        self._closing = threading.Event()
        self._owner = threading.Thread(target=self._own, name=f"kafka {group}", daemon=True)
        self._owner.start()

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        self._arrived.clear()
        found = self._take(limit)
        if not found:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), WAIT_SECONDS)
            found = self._take(limit)
        return found

    async def commit(self, positions: Positions) -> None:
        done: Future[None] = Future()
        self._to_commit.put((dict(positions), done))
        if not self._owner.is_alive():
            self._refuse_commits()
        await asyncio.wrap_future(done)

    async def close(self) -> None:
        self._closing.set()
        await asyncio.to_thread(self._owner.join, CLOSE_SECONDS)

    # The event loop's side

    def _take(self, limit: int) -> list[Delivery]:
        with self._lock:
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            return [self._ahead.popleft() for _ in range(min(limit, len(self._ahead)))]

    # The owner's side

    def _own(self) -> None:
        """Be a member until `close`, anew after whatever goes wrong."""
        while not self._closing.is_set():
            try:
                self._be_member()
            except Exception as error:
                retriable = isinstance(error, KafkaError) and error.retriable
                self._tell(Unavailable(type(error).__name__) if retriable else error)
            if not self._closing.is_set():
                self._refuse_commits()
                self._closing.wait(AGAIN_SECONDS)
        self._refuse_commits()

    def _be_member(self) -> None:
        self._look_for_topics()
        consumer = KafkaConsumer(
            **client_options(self._cluster),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            partition_assignment_strategy=[CooperativeStickyAssignor],
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_records=MOST_AHEAD,
        )
        try:
            for topic in self._topics:
                consumer.partitions_for_topic(topic)  # known before it joins, they don't change while it does
            consumer.subscribe(topics=self._topics, listener=self)
            settled = time.monotonic()
            while not self._closing.is_set() and time.monotonic() < settled + REJOIN_SECONDS:
                self._commit_asked(consumer)
                self._read_on(consumer)
                if consumer.group_metadata().state == MemberState.STABLE:
                    settled = time.monotonic()
            self._commit_asked(consumer)
        finally:
            consumer.close(autocommit=False, timeout_ms=LEAVE_MS)
            self._lose(list(self._held))

    def _look_for_topics(self) -> None:
        admin = KafkaAdminClient(**client_options(self._cluster))
        try:
            partitions_of(admin, self._topics)
        finally:
            admin.close()

    def _read_on(self, consumer: KafkaConsumer) -> None:
        """Poll once, so that the group knows of us; for records only if there is room."""
        if len(self._ahead) >= MOST_AHEAD:
            consumer.pause(*consumer.assignment())
        else:
            consumer.resume(*consumer.paused())
        polled = consumer.poll(POLL_MS).values()
        found = [delivery_of(self._cluster, record) for records in polled for record in records]
        with self._lock:
            kept = [delivery for delivery in found if delivery.partition in self._held]
            self._ahead.extend(kept)
            for delivery in kept:
                self._begun.setdefault(delivery.partition, delivery.offset)
        if kept:
            self._tell(None)

    def _commit_asked(self, consumer: KafkaConsumer) -> None:
        with suppress(Empty):
            while True:
                positions, done = self._to_commit.get_nowait()
                try:
                    self._commit(consumer, positions)
                except CommitFailedError:
                    done.set_result(None)  # lost meanwhile: whoever holds the partitions now reads on
                except KafkaError as error:
                    again = error.retriable or isinstance(error, RebalanceInProgressError)
                    done.set_exception(Unavailable(type(error).__name__) if again else error)
                else:
                    done.set_result(None)

    def _commit(self, consumer: KafkaConsumer, positions: Positions) -> None:
        """Positions of partitions of which nothing was read since they were gained are of another time."""
        with self._lock:
            moved = {
                partition: position
                for partition, position in positions.items()
                if partition in self._held and position > self._begun.get(partition, position)
            }
        if moved:
            consumer.commit(
                {self._in_cluster(each): OffsetAndMetadata(moved[each], "", -1) for each in moved}, COMMIT_MS
            )
            with self._lock:
                self._begun |= {each: moved[each] for each in moved if each in self._begun}

    def _refuse_commits(self) -> None:
        with suppress(Empty):
            while True:
                self._to_commit.get_nowait()[1].set_exception(Unavailable("not a member"))

    def _tell(self, failure: Exception | None) -> None:
        with self._lock:
            self._failure = failure or self._failure
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            self._loop.call_soon_threadsafe(self._arrived.set)

    # The client's side: these are called by its thread, which must not wait

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        with self._lock:
            gained = {partition_of(self._cluster, each) for each in assigned} - self._held
            self._held |= gained
            self.generation += bool(gained)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._lose([partition_of(self._cluster, each) for each in revoked])

    def _lose(self, partitions: Iterable[Partition]) -> None:
        """What was read ahead of them is for their next reader."""
        with self._lock:
            self._held.difference_update(partitions)
            self._ahead = deque(each for each in self._ahead if each.partition in self._held)
            for each in partitions:
                self._begun.pop(each, None)

    def _in_cluster(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._cluster.topic(partition.topic), partition.number)
