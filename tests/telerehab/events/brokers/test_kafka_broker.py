"""What the Kafka broker promises beyond the contract: it outlives Kafka's faults, keeps its bounds, makes no topics."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource
from pydantic import SecretStr

from telerehab import identity
from telerehab.events.brokers.broker import NoSuchTopic, Partition, Record, Unavailable
from telerehab.events.brokers.kafka import Cluster, KafkaBroker, cluster_of
from telerehab.events.brokers.kafka import broker as broker_module
from telerehab.events.brokers.kafka.client import make_topics
from telerehab.events.brokers.kafka.reader import MOST_AHEAD, KafkaReader
from telerehab.events.brokers.kafka.topics import TOPICS, Topic
from telerehab.settings import Settings
from tests.conftest import kafka_classpath
from tests.kafka.server import PASSWORD, USER, KafkaServer

TOPIC = "telerehab.scheduling"


def record(key: bytes = b"k", topic: str = TOPIC) -> Record:
    id_ = identity.new_id()
    return Record(id_, topic, key, {"ce_id": id_, "ce_type": "T"}, b"")


@pytest.fixture(scope="module")
def fragile(short_folder: Path, pytestconfig: pytest.Config) -> Iterator[KafkaServer]:
    """A Kafka of this module's own, which may be frozen and killed."""
    server = KafkaServer(short_folder / "fragile-kafka", kafka_classpath(pytestconfig), secure=True)
    server.start()
    yield server
    server.kill()


@asynccontextmanager
async def broker_on(cluster: Cluster) -> AsyncIterator[KafkaBroker]:
    await asyncio.to_thread(make_topics, cluster, [Topic(TOPIC, 3, {})])
    async with KafkaBroker(cluster).running() as broker:
        yield broker


def on(server: KafkaServer) -> Cluster:
    return Cluster({"bootstrap_servers": server.address}, f"{identity.new_id()}.")


async def publish_at_last(broker: KafkaBroker, records: list[Record]) -> None:
    """As a relay does: again and again, until it is acknowledged."""
    async with asyncio.timeout(90):
        while True:
            try:
                return await broker.publish("p", 1, records)
            except Unavailable:
                await asyncio.sleep(0.05)


async def ends(broker: KafkaBroker) -> int:
    return sum(lag.end for lag in await broker.lag("nobody", [TOPIC]))


async def test_what_a_frozen_kafka_did_not_acknowledge_is_not_sent_twice(
    fragile: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "PUBLISH_SECONDS", 0.5)
    async with broker_on(on(fragile)) as broker:
        await broker.publish("p", 1, [record()])
        fragile.process.send_signal(signal.SIGSTOP)
        published = [record(b"%d" % (number % 5)) for number in range(50)]
        try:
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await broker.publish("p", 1, published)
        finally:
            fragile.process.send_signal(signal.SIGCONT)
        await publish_at_last(broker, published)
        assert await ends(broker) == 1 + len(published)


async def test_everything_ends_though_kafka_is_frozen(
    fragile: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    try:
        async with asyncio.timeout(120), broker_on(on(fragile)) as broker:
            await publish_at_last(broker, [record()])
            reader = await broker.reader("g", [TOPIC])
            while not (fetched := await reader.fetch(1)):
                pass
            (read,) = fetched
            monkeypatch.setattr(broker_module, "PUBLISH_SECONDS", 0.2)
            fragile.process.send_signal(signal.SIGSTOP)
            for unavailable in (
                broker.publish("p", 1, [record()]),
                reader.commit({read.partition: read.offset + 1}),
            ):
                with pytest.raises(Unavailable):
                    await unavailable
            await reader.close()
        left = {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio")} - before
        for thread in left:
            await asyncio.to_thread(thread.join, 60)
        assert not any(thread.is_alive() for thread in left)
    finally:
        fragile.process.send_signal(signal.SIGCONT)


async def test_nothing_is_lost_or_out_of_order_though_kafka_is_killed(fragile: KafkaServer) -> None:
    keys = [b"%d" % number for number in range(6)]
    published: list[Record] = []
    got: dict[str, bytes] = {}
    async with broker_on(on(fragile)) as broker:
        reader = await broker.reader("g", [TOPIC])

        async def read() -> None:
            while len(got) < 600:
                try:
                    found = await reader.fetch(100)
                    for delivery in found:
                        got.setdefault(delivery.record.id, delivery.record.key)
                    await reader.commit({each.partition: each.offset + 1 for each in found})
                except Unavailable:
                    await asyncio.sleep(0.05)

        reading = asyncio.create_task(read())
        for number in range(100):
            batch = [record(key) for key in keys]
            published += batch
            if number == 30:
                fragile.kill()
                starting = asyncio.create_task(asyncio.to_thread(fragile.start))
            await publish_at_last(broker, batch)
        await starting
        async with asyncio.timeout(90):
            await reading
        await reader.close()
    for key in keys:
        assert [id_ for id_, its in got.items() if its == key] == [r.id for r in published if r.key == key]


async def test_who_begins_while_kafka_is_down_reads_when_it_is_back(fragile: KafkaServer) -> None:
    async with broker_on(on(fragile)) as broker:
        await broker.publish("p", 1, [record()])
        fragile.process.send_signal(signal.SIGSTOP)
        reader = await broker.reader("g", [TOPIC])
        fragile.process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(90):
            while not (got := await reader.fetch(10)):
                pass
        assert len(got) == 1
        await reader.close()


async def test_it_is_spoken_to_by_tls_and_only_with_the_password(fragile: KafkaServer) -> None:
    settings = Settings(
        kafka=fragile.secure_address,
        kafka_user=USER,
        kafka_password=SecretStr(PASSWORD),
        kafka_ca=fragile.certificate,
        kafka_sasl="PLAIN",
        kafka_security="SASL_SSL",
        kafka_prefix=f"{identity.new_id()}.",
    )
    async with broker_on(cluster_of(settings)) as broker:
        await broker.publish("p", 1, [record()])
        reader = await broker.reader("g", [TOPIC])
        assert len(await reader.fetch(10)) == 1
        await reader.close()
    wrong = cluster_of(settings.model_copy(update={"kafka_password": SecretStr("another")}))
    async with KafkaBroker(wrong).running() as broker:
        with pytest.raises(Unavailable):
            await broker.publish("p", 1, [record()])
    assert PASSWORD not in repr(wrong)
    assert PASSWORD not in repr(settings)


async def test_topics_are_never_made_on_the_way(kafka_broker: KafkaBroker, kafka_cluster: Cluster) -> None:
    with pytest.raises(NoSuchTopic, match="telerehab events topics"):
        await kafka_broker.publish("p", 1, [record(topic="missing")])
    reader = await kafka_broker.reader("g", ["missing"])
    with pytest.raises(NoSuchTopic):
        await reader.fetch(1)
    await reader.close()
    admin = KafkaAdminClient(**kafka_cluster.options)
    assert kafka_cluster.topic("missing") not in admin.list_topics()
    admin.close()


def test_declared_topics_are_made_once_and_keep_everything(kafka_cluster: Cluster) -> None:
    safety = TOPICS[-1:]
    assert make_topics(kafka_cluster, safety) == {kafka_cluster.topic("telerehab.safety"): 3}
    assert make_topics(kafka_cluster, safety) == {kafka_cluster.topic("telerehab.safety"): 3}
    admin = KafkaAdminClient(**kafka_cluster.options)
    described = admin.describe_configs([ConfigResource("topic", kafka_cluster.topic("telerehab.safety"))])
    admin.close()
    assert "'retention.ms': {'value': '-1'" in str(described)


async def test_what_others_put_there_is_read_under_an_id_of_its_place(
    kafka_broker: KafkaBroker, kafka_cluster: Cluster
) -> None:
    producer = KafkaProducer(**kafka_cluster.options)
    for headers in ([], [("ce_id", b"no id"), ("ce_type", b"\xff")]):
        producer.send(kafka_cluster.topic(TOPIC), value=b"", headers=headers, partition=0).get(10)
    producer.close()
    seen = []
    for group in ("g", "h"):
        reader = await kafka_broker.reader(group, [TOPIC])
        got = [delivery.record for delivery in await reader.fetch(10)]
        seen.append([(each.id, each.key, each.payload) for each in got])
        await reader.close()
    assert len({id_ for id_, _, _ in seen[0]}) == 2
    assert seen[0] == seen[1]


async def test_a_reader_that_is_not_asked_stops_reading_ahead_and_misses_nothing(
    kafka_broker: KafkaBroker,
) -> None:
    published = [record() for _ in range(6 * MOST_AHEAD)]
    await kafka_broker.publish("p", 1, published)
    reader = await kafka_broker.reader("g", [TOPIC])
    got = [delivery.record.id for delivery in await reader.fetch(1)]
    async with asyncio.timeout(90):
        while len(reader._ahead) < MOST_AHEAD:
            await reader.commit({})  # between two commits it polls
    for _ in range(10):
        await reader.commit({})
    assert len(reader._ahead) < 2 * MOST_AHEAD
    async with asyncio.timeout(90):
        while len(got) < len(published):
            got += [delivery.record.id for delivery in await reader.fetch(200)]
    assert got == [r.id for r in published]
    await reader.close()


async def test_a_new_member_takes_over_some_keys_and_none_is_read_by_both(kafka_broker: KafkaBroker) -> None:
    keys = [b"%d" % number for number in range(30)]
    first = await kafka_broker.reader("g", [TOPIC])
    await kafka_broker.publish("p", 1, [record(key) for key in keys])
    before = 0
    while before < len(keys):
        got = await first.fetch(100)
        before += len(got)
        await first.commit({each.partition: each.offset + 1 for each in got})
    second = await kafka_broker.reader("g", [TOPIC])
    async with asyncio.timeout(90):
        while not second.generation:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await kafka_broker.publish("p", 1, published := [record(key) for key in keys])
    read: dict[str, list[str]] = {"first": [], "second": []}
    async with asyncio.timeout(90):
        while sum(map(len, read.values())) < len(published):
            fetches = await asyncio.gather(first.fetch(100), second.fetch(100))
            for found, name in zip(fetches, read, strict=True):
                read[name] += [each.record.id for each in found]
    assert all(read.values())
    assert sorted(read["first"] + read["second"]) == sorted(r.id for r in published)
    await asyncio.gather(first.close(), second.close())


async def test_a_position_in_a_partition_of_which_nothing_was_read_is_not_kept(
    kafka_broker: KafkaBroker,
) -> None:
    await kafka_broker.publish("p", 1, [record() for _ in range(5)])
    reader = await kafka_broker.reader("g", [TOPIC])
    (held,) = {delivery.partition for delivery in await reader.fetch(5)}
    others = {Partition(TOPIC, number): 3 for number in range(3)} | {Partition("x", 0): 1}
    await reader.commit({**others, held: 2})
    positions = {lag.partition: lag.position for lag in await kafka_broker.lag("g", [TOPIC])}
    assert positions == {Partition(TOPIC, number): 0 for number in range(3)} | {held: 2}
    await reader.close()


async def test_groups_that_begin_together_all_get_in(kafka: str) -> None:
    """The client may forget its request to join when it learns of partitions meanwhile."""
    async with broker_on(Cluster({"bootstrap_servers": kafka}, f"{identity.new_id()}.")) as broker:
        await broker.publish("p", 1, [published := record()])
        readers = [await broker.reader(f"g{number}", [TOPIC]) for number in range(12)]

        async def first(reader: KafkaReader) -> str:
            while not (found := await reader.fetch(1)):
                pass
            return found[0].record.id

        async with asyncio.timeout(60):
            assert await asyncio.gather(*map(first, readers)) == [published.id] * 12
        await asyncio.gather(*(reader.close() for reader in readers))
