"""How Kafka is reached: the options of every client, what its errors mean, and which topics there are.

https://kafka-python.readthedocs.io/en/master/apidoc/KafkaAdminClient.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import InvalidReplicationFactorError, KafkaError

from telerehab.events.brokers.broker import NoSuchTopic, Unavailable
from telerehab.events.brokers.kafka.topics import Topic
from telerehab.settings import Settings

CONNECT_MS = 5_000
REQUEST_MS = 10_000
MOST_BACKOFF_MS = 1_000
BROKERS_SECONDS = 20.0
_UNKNOWN_TOPIC = 3  # https://kafka.apache.org/protocol.html#protocol_error_codes


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kafka cluster: the options that every client of it takes, and what our names there begin with."""

    options: Mapping[str, Any] = field(repr=False)
    prefix: str = ""

    def topic(self, name: str) -> str:
        """A topic's name in the cluster."""
        return self.prefix + name

    def group(self, name: str) -> str:
        """A group's name in the cluster."""
        return f"{self.prefix}telerehab.{name}"

    def own(self, topic: str) -> str:
        """The name that we know a topic of the cluster by."""
        return topic.removeprefix(self.prefix)


def cluster_of(settings: Settings) -> Cluster:
    """The cluster that is configured (`settings.kafka`), with how it is to be trusted and who we are there."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(",") if settings.kafka else [],
        "security_protocol": settings.kafka_security,
        "ssl_cafile": _path(settings.kafka_ca),
        "ssl_certfile": _path(settings.kafka_certificate),
        "ssl_keyfile": _path(settings.kafka_key),
    }
    if settings.kafka_security.startswith("SASL") and settings.kafka_password is not None:
        options |= {
            "sasl_mechanism": settings.kafka_sasl,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return Cluster(options, settings.kafka_prefix)


def client_options(cluster: Cluster) -> dict[str, Any]:
    """The options that producers, consumers and administration have alike."""
    return {
        **cluster.options,
        "client_id": "telerehab",
        "bootstrap_timeout_ms": CONNECT_MS,
        "request_timeout_ms": REQUEST_MS,
        "reconnect_backoff_max_ms": MOST_BACKOFF_MS,
    }


@contextmanager
def reachable() -> Iterator[None]:
    """Let what may go better at the next try be `Unavailable`, and everything else what it is."""
    try:
        yield
    except KafkaError as error:
        if error.retriable:
            raise Unavailable from error
        raise


def partitions_of(admin: KafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of these topics (named as in the cluster); raises NoSuchTopic."""
    described = admin.describe_topics(list(topics)) if topics else []
    missing = [topic["name"] for topic in described if topic["error_code"] == _UNKNOWN_TOPIC]
    if missing:
        raise NoSuchTopic(f"Kafka has no topic {', '.join(sorted(missing))}: run telerehab events topics")
    return [
        TopicPartition(topic["name"], partition["partition_index"])
        for topic in described
        for partition in topic["partitions"]
    ]


def make_topics(cluster: Cluster, topics: Sequence[Topic]) -> dict[str, int]:
    """Make those topics that are not there yet; the number of partitions that each has now.

    Blocks, for BROKERS_SECONDS at most while too few brokers are up. One that is there is left as it is. Raises
    Unavailable, and kafka.errors.KafkaError where we may not.
    """
    with reachable():
        admin = KafkaAdminClient(**client_options(cluster))
        try:
            wanted = {
                cluster.topic(topic.name): {
                    "num_partitions": topic.partitions,
                    "configs": dict(topic.configuration),
                }
                for topic in topics
            }
            _create(admin, wanted)
            partitions = partitions_of(admin, [cluster.topic(topic.name) for topic in topics])
        finally:
            admin.close()
    names = [partition.topic for partition in partitions]
    return {name: names.count(name) for name in sorted(set(names))}


def _create(admin: KafkaAdminClient, wanted: Mapping[str, Any]) -> None:
    deadline = time.monotonic() + BROKERS_SECONDS
    while lacking := {name: wanted[name] for name in wanted.keys() - set(admin.list_topics())}:
        try:
            admin.create_topics(lacking, wait_for_metadata=True)
            return
        except (
            InvalidReplicationFactorError
        ):  # a broker that just came up counts once the controller has heard of it
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def _path(path: object) -> str | None:
    return None if path is None else str(path)
