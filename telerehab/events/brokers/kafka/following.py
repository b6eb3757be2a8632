"""Following topics without a group: what they hold, or get from now on.

https://kafka-python.readthedocs.io/en/master/apidoc/KafkaConsumer.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor

from kafka import KafkaAdminClient, KafkaConsumer

from telerehab.events.brokers.broker import Delivery
from telerehab.events.brokers.kafka.client import Cluster, client_options, partitions_of, reachable
from telerehab.events.brokers.kafka.deliveries import delivery_of

POLL_MS = 200


async def follow(
    cluster: Cluster, topics: Sequence[str], *, from_beginning: bool
) -> AsyncGenerator[Sequence[Delivery], None]:
    """As `Broker.follow`; a thread of its own owns the consumer."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="kafka follow") as owner:
        consumer = await loop.run_in_executor(owner, _consumer, cluster, topics, from_beginning)
        try:
            while True:
                yield await loop.run_in_executor(owner, _poll, cluster, consumer)
        finally:
            await loop.run_in_executor(owner, consumer.close)


def _consumer(cluster: Cluster, topics: Sequence[str], from_beginning: bool) -> KafkaConsumer:
    with reachable():
        admin = KafkaAdminClient(**client_options(cluster))
        try:
            partitions = partitions_of(admin, [cluster.topic(topic) for topic in topics])
        finally:
            admin.close()
        consumer = KafkaConsumer(
            **client_options(cluster), group_id=None, enable_auto_commit=False, allow_auto_create_topics=False
        )
        consumer.assign(partitions)
        (consumer.seek_to_beginning if from_beginning else consumer.seek_to_end)()
        for partition in partitions:
            consumer.position(partition)  # what comes from now on is after it
        return consumer


def _poll(cluster: Cluster, consumer: KafkaConsumer) -> list[Delivery]:
    with reachable():
        found = consumer.poll(POLL_MS)
    return [delivery_of(cluster, record) for records in found.values() for record in records]
