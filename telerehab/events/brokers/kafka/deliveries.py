"""Records as Kafka delivers them, as we know them.

https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from kafka import TopicPartition

from telerehab.events.brokers.broker import Delivery, Partition, Record
from telerehab.events.brokers.kafka.client import Cluster

ID_HEADER = "ce_id"


def delivery_of(cluster: Cluster, record: Any) -> Delivery:
    """A consumer's record as a delivery."""
    partition = partition_of(cluster, TopicPartition(record.topic, record.partition))
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return Delivery(
        partition,
        record.offset,
        Record(
            _event_id(headers, partition, record.offset),
            partition.topic,
            record.key or b"",
            headers,
            record.value or b"",
        ),
    )


def partition_of(cluster: Cluster, partition: TopicPartition) -> Partition:
    """A partition of the cluster under our name of its topic."""
    return Partition(cluster.own(partition.topic), partition.partition)


def _event_id(headers: Mapping[str, str], partition: Partition, offset: int) -> str:
    """A record that others put there, without an id like ours, gets one from its place."""
    try:
        return str(UUID(headers.get(ID_HEADER, "")))
    except ValueError:
        return str(uuid5(NAMESPACE_OID, f"{partition.topic}/{partition.number}/{offset}"))
