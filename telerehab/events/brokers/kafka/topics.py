"""The topics there are on Kafka, with their partitions and how long they keep what is said.

https://kafka.apache.org/documentation/#topicconfigs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telerehab.events.catalogue import SAFETY_TOPIC, topic_of_service
from telerehab.owners import SERVICES


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is made; how often it is replicated is for the cluster to say (default.replication.factor).

    The number of partitions can't be changed later: a key would go on in another one, and lose its order.
    """

    name: str
    partitions: int
    configuration: Mapping[str, str]


KEPT = {
    # Not compacted: a key is the hash of a patient, and all that was said of one counts.
    "cleanup.policy": "delete",
    # Kept for good: a projection is rebuilt from the very beginning, and a group whose offsets Kafka has dropped
    # (offsets.retention.minutes, of groups nobody was in) begins there again. The inbox knows what had its effect.
    "retention.ms": "-1",
    "retention.bytes": "-1",
    # A replica that lacks what was acknowledged never leads.
    "unclean.leader.election.enable": "false",
}

TOPICS = (
    *(Topic(topic_of_service(service), 12, KEPT) for service in SERVICES),
    Topic(SAFETY_TOPIC, 3, KEPT),
)
