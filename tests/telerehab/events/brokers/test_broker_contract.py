"""What every broker does; a broker is put through it by a fixture of its name in `BROKERS`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from telerehab import identity
from telerehab.events.brokers.broker import Broker, Delivery, Partition, Reader, Record

BROKERS = ["postgres_broker", "kafka_broker", "memory_broker", "memory_broker_like_kafka"]
TOPIC, OTHER_TOPIC = "telerehab.scheduling", "telerehab.session"


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Broker:
    found: Broker = request.getfixturevalue(request.param)
    return found


def record(number: int, key: bytes = b"k", topic: str = TOPIC) -> Record:
    id_ = identity.new_id()
    return Record(id_, topic, key, {"ce_id": id_, "ce_type": "T", "ce_subject": "ä/1"}, b"\0%d" % number)


def records(count: int, key: bytes = b"k", topic: str = TOPIC) -> list[Record]:
    return [record(number, key, topic) for number in range(count)]


async def read(reader: Reader, count: int, limit: int = 100) -> list[Delivery]:
    """The next `count` deliveries at least."""
    found: list[Delivery] = []
    async with asyncio.timeout(90):
        while len(found) < count:
            found += await reader.fetch(limit)
    return found


def after(deliveries: Sequence[Delivery]) -> dict[Partition, int]:
    return {delivery.partition: delivery.offset + 1 for delivery in deliveries}


async def test_a_record_comes_out_as_it_went_in(broker: Broker) -> None:
    id_ = identity.new_id()
    headers = {"ce_id": id_, "ce_type": "T", "x": "é"}
    published = [Record(id_, TOPIC, bytes(range(16)), headers, b"\0\xff")]
    await broker.publish("p", 1, published)
    reader = await broker.reader("g", [TOPIC])
    assert [delivery.record for delivery in await read(reader, 1)] == published
    await reader.close()


async def test_records_of_a_key_keep_their_order_over_batches(broker: Broker) -> None:
    published = [record(number, key=b"%d" % (number % 3)) for number in range(60)]
    for start in range(0, 60, 7):
        await broker.publish("p", 1, published[start : start + 7])
    reader = await broker.reader("g", [TOPIC])
    got = [delivery.record for delivery in await read(reader, 60, limit=11)]
    for key in (b"0", b"1", b"2"):
        assert [r.id for r in got if r.key == key] == [r.id for r in published if r.key == key]
    await reader.close()


async def test_offsets_grow_within_a_partition(broker: Broker) -> None:
    await broker.publish("p", 1, records(20))
    reader = await broker.reader("g", [TOPIC])
    offsets = [delivery.offset for delivery in await read(reader, 20)]
    assert offsets == sorted(set(offsets))
    await reader.close()


async def test_each_group_reads_everything_from_the_beginning(broker: Broker) -> None:
    published = records(5)
    await broker.publish("p", 1, published)
    for group in ("g", "h"):
        reader = await broker.reader(group, [TOPIC])
        assert [delivery.record.id for delivery in await read(reader, 5)] == [r.id for r in published]
        await reader.commit(after(await read(reader, 0)))
        await reader.close()


async def test_a_reader_hears_all_its_topics_and_no_other(broker: Broker) -> None:
    await broker.publish("p", 1, [*records(3), *records(2, topic=OTHER_TOPIC), *records(4, topic="x")])
    reader = await broker.reader("g", [TOPIC, OTHER_TOPIC])
    topics = [delivery.partition.topic for delivery in await read(reader, 5)]
    assert sorted(topics) == [TOPIC] * 3 + [OTHER_TOPIC] * 2
    await reader.close()


async def test_a_group_goes_on_from_the_position_it_kept(broker: Broker) -> None:
    published = records(10)
    await broker.publish("p", 1, published)
    reader = await broker.reader("g", [TOPIC])
    first = await read(reader, 10)
    await reader.commit(after(first[:4]))
    await reader.close()
    reader = await broker.reader("g", [TOPIC])
    assert [delivery.record.id for delivery in await read(reader, 6)] == [r.id for r in published[4:]]
    await reader.close()


async def test_a_position_never_goes_back(broker: Broker) -> None:
    await broker.publish("p", 1, records(3))
    reader = await broker.reader("g", [TOPIC])
    deliveries = await read(reader, 3)
    await reader.commit(after(deliveries))
    await reader.commit(after(deliveries[:1]))
    assert sum(lag.records for lag in await broker.lag("g", [TOPIC])) == 0
    await reader.close()


async def test_two_members_share_no_record_and_the_one_left_goes_on(broker: Broker) -> None:
    first = await broker.reader("g", [TOPIC])
    await broker.publish("p", 1, records(3))
    got = await read(first, 3)
    await first.commit(after(got))
    second = await broker.reader("g", [TOPIC])
    await broker.publish("p", 1, [last := record(9)])
    waiting = {asyncio.create_task(read(reader, 1)): reader for reader in (first, second)}
    done, _ = await asyncio.wait(waiting, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    holders = [waiting.pop(task) for task in done]
    assert len(holders) == 1
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await holders[0].close()  # without having committed the last one
    left = second if holders == [first] else first
    assert [delivery.record.id for delivery in await read(left, 1)] == [last.id]
    await left.close()


async def test_the_generation_changes_when_partitions_are_gained(broker: Broker) -> None:
    reader = await broker.reader("g", [TOPIC])
    before = reader.generation
    await broker.publish("p", 1, records(1))
    await read(reader, 1)
    assert reader.generation != before
    await reader.close()


async def test_a_publish_wakes_who_waits(broker: Broker) -> None:
    reader = await broker.reader("g", [TOPIC])
    await broker.publish("p", 1, records(1))
    await read(reader, 1)
    waiting = asyncio.create_task(read(reader, 1))
    await asyncio.sleep(0)
    await broker.publish("p", 1, records(1))
    async with asyncio.timeout(60):
        assert len(await waiting) == 1
    await reader.close()


async def test_what_is_published_twice_is_in_effect_there_once(broker: Broker) -> None:
    published = records(10)
    await broker.publish("p", 1, published[:6])
    await broker.publish("p", 1, published[3:])
    reader = await broker.reader("g", [TOPIC])
    seen: dict[str, None] = {}
    while len(seen) < 10:
        seen |= dict.fromkeys(delivery.record.id for delivery in await reader.fetch(100))
    assert list(seen) == [r.id for r in published]
    await reader.close()


async def test_lag_counts_what_a_group_has_not_taken(broker: Broker) -> None:
    await broker.publish("p", 1, records(5))
    assert sum(lag.records for lag in await broker.lag("g", [TOPIC, OTHER_TOPIC])) == 5
    reader = await broker.reader("g", [TOPIC])
    await reader.commit(after((await read(reader, 5))[:2]))
    assert sum(lag.records for lag in await broker.lag("g", [TOPIC])) == 3
    assert sum(lag.records for lag in await broker.lag("h", [TOPIC])) == 5
    await reader.close()


async def test_a_rewound_group_reads_everything_again(broker: Broker) -> None:
    published = records(3)
    await broker.publish("p", 1, published)
    reader = await broker.reader("g", [TOPIC])
    await reader.commit(after(await read(reader, 3)))
    await reader.close()
    await broker.rewind("g", [TOPIC])
    reader = await broker.reader("g", [TOPIC])
    assert [delivery.record.id for delivery in await read(reader, 3)] == [r.id for r in published]
    await reader.close()


async def test_a_reader_misses_nothing_while_several_producers_append(broker: Broker) -> None:
    batches = [[record(n, key=b"%d" % producer) for n in range(300)] for producer in range(4)]

    async def produce(producer: int) -> None:
        for start in range(0, 300, 7):
            await broker.publish(f"p{producer}", 1, batches[producer][start : start + 7])

    reader = await broker.reader("g", [TOPIC])
    reading = asyncio.create_task(read(reader, 1200, limit=50))
    await asyncio.gather(*(produce(producer) for producer in range(4)))
    got = [delivery.record.id for delivery in await reading]
    assert sorted(got) == sorted(r.id for batch in batches for r in batch)
    for batch in batches:
        own = {r.id for r in batch}
        assert [id_ for id_ in got if id_ in own] == [r.id for r in batch]
    await reader.close()


async def test_who_follows_sees_everything_without_a_group(broker: Broker) -> None:
    before, after = records(3), records(2)
    await broker.publish("p", 1, before)
    async with aclosing(broker.follow([TOPIC], from_beginning=True)) as all_of_it:
        assert await followed(all_of_it, 3) == [each.id for each in before]
    async with aclosing(broker.follow([TOPIC, OTHER_TOPIC], from_beginning=False)) as new:
        assert await anext(new) == []
        await broker.publish("p", 1, after)
        assert await followed(new, 2) == [each.id for each in after]


async def followed(following: AsyncGenerator[Sequence[Delivery], None], count: int) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            found += [delivery.record.id for delivery in await anext(following)]
    return found
