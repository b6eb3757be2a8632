"""The Kafka broker: topics of several partitions, read by groups whose offsets Kafka keeps.

https://kafka.apache.org/documentation/ through https://kafka-python.readthedocs.io/, whose calls block: each client has
a thread that owns it, and the event loop only hands over and awaits.
"""

from telerehab.events.brokers.kafka.broker import KafkaBroker
from telerehab.events.brokers.kafka.client import Cluster, cluster_of

__all__ = ["Cluster", "KafkaBroker", "cluster_of"]
