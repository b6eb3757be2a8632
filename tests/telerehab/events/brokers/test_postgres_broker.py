"""What the PostgreSQL broker promises beyond the contract: fencing, one row per event, outages it gets over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from telerehab import identity
from telerehab.events.brokers.broker import Fenced, Record, Unavailable
from telerehab.events.brokers.postgres import PostgresBroker
from telerehab.events.database import Database

TOPIC = "telerehab.scheduling"


def record(key: bytes = b"k") -> Record:
    return Record(identity.new_id(), TOPIC, key, {"ce_type": "T"}, b"")


async def test_an_older_epoch_is_fenced_and_keeps_nothing(postgres_broker: PostgresBroker) -> None:
    await postgres_broker.publish("p", 2, [record()])
    with pytest.raises(Fenced):
        await postgres_broker.publish("p", 1, [record()])
    await postgres_broker.publish("q", 1, [record()])  # another producer has epochs of its own
    assert [lag.end for lag in await postgres_broker.lag("g", [TOPIC])] == [2]


async def test_a_repeated_publish_leaves_one_row_and_no_gap(
    postgres_broker: PostgresBroker, broker_database: Database
) -> None:
    published = [record() for _ in range(5)]
    await postgres_broker.publish("p", 1, published[:3])
    await postgres_broker.publish("p", 1, [*published, published[4]])
    rows = await broker_database.fetch('SELECT "offset", event_id FROM broker.log ORDER BY 1')
    assert [row["offset"] for row in rows] == [0, 1, 2, 3, 4]
    assert [str(row["event_id"]) for row in rows] == [r.id for r in published]


async def test_a_holder_that_froze_loses_its_topic_and_its_commit_counts_no_more(
    broker_database: Database,
) -> None:
    async with PostgresBroker(broker_database, poll_seconds=0.05, lease_seconds=0.2).running() as broker:
        await broker.publish("p", 1, [record(), record()])
        frozen = await broker.reader("g", [TOPIC])
        got = await frozen.fetch(10)
        frozen._renewing.cancel()
        other = await broker.reader("g", [TOPIC])
        async with asyncio.timeout(10):
            while not (taken := await other.fetch(10)):
                pass
        assert [d.record.id for d in taken] == [d.record.id for d in got]
        await frozen.commit({got[0].partition: 2})
        assert [lag.position for lag in await broker.lag("g", [TOPIC])] == [0]
        assert list(await frozen.fetch(10)) == []
        await other.commit({got[0].partition: 1})
        assert [lag.position for lag in await broker.lag("g", [TOPIC])] == [1]
        await other.close()
        await frozen.close()


async def test_readers_and_producers_get_over_lost_connections(
    postgres_broker: PostgresBroker, kill_connections: Callable[[], Awaitable[None]]
) -> None:
    reader = await postgres_broker.reader("g", [TOPIC])
    published = [record() for _ in range(10)]
    got: list[str] = []

    async def read() -> None:
        while len(got) < 10:
            try:
                got.extend(delivery.record.id for delivery in await reader.fetch(100))
            except Unavailable:
                continue

    reading = asyncio.create_task(read())
    for one in published:
        await kill_connections()
        while True:
            try:
                await postgres_broker.publish("p", 1, [one])
                break
            except Unavailable:
                continue
    async with asyncio.timeout(20):
        await reading
    assert got == [r.id for r in published]
    await reader.close()
