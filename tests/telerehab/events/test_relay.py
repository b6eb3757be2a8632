"""The relay: what it publishes, in which order, and what wakes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from telerehab.events.outbox import waiting
from telerehab.events.relay import outbox_notifier
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


def is_published(world: Any, count: int) -> Callable[[], Awaitable[bool]]:
    async def published() -> bool:
        return bool(await world.database.fetchval("SELECT count(*) FROM broker.log") >= count)

    return published


async def test_a_record_carries_the_attributes_of_a_cloud_event(world: Any, until: Until) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    (write_set,) = await world.say(AppointmentBooked(patient_id="p"), key="s1")
    async with world.running(world.relay()):
        await until(is_published(world, 1))
    reader = await world.broker.reader("g", ["telerehab.scheduling"])
    (delivery,) = await reader.fetch(10)
    await reader.close()
    (row,) = write_set.outbox
    headers = dict(delivery.record.headers)
    assert before < datetime.fromisoformat(headers.pop("ce_time")) < datetime.now(UTC) + timedelta(seconds=5)
    assert headers == {
        "content-type": "application/protobuf",
        "ce_specversion": "1.0",
        "ce_id": row.event_id,
        "ce_source": "urn:telerehab:scheduling",
        "ce_type": "telerehab.events.v1.AppointmentBooked",
        "ce_subject": "Slot/s1",
        "ce_partitionkey": row.key.hex(),
        "ce_depth": "0",
    }
    assert (delivery.record.key, delivery.record.payload) == (row.key, row.payload)


async def test_the_outbox_is_emptied_in_its_order_over_many_batches(world: Any, until: Until) -> None:
    await world.database.execute(
        """
        INSERT INTO scheduling.outbox (event_id, topic, key, type, subject, payload, traceparent, cause, depth)
        SELECT gen_random_uuid(), 'telerehab.scheduling', 'k', 'T', 'Slot/1', int4send(n), '', '', 0
        FROM generate_series(1, 1700) AS n
        """
    )
    async with world.running(world.relay()):
        await until(is_published(world, 1700))
    rows = await world.database.fetch('SELECT payload FROM broker.log ORDER BY "offset"')
    assert [int.from_bytes(row["payload"], "big") for row in rows] == list(range(1, 1701))
    assert await waiting(world.database, "scheduling") == {"count": 0, "seconds": 0}


async def test_safety_events_overtake_a_full_outbox(world: Any, until: Until) -> None:
    await world.database.execute(
        """
        INSERT INTO scheduling.outbox (event_id, topic, key, type, subject, payload, traceparent, cause, depth)
        SELECT gen_random_uuid(), CASE WHEN n < 3000 THEN 'telerehab.scheduling' ELSE 'telerehab.safety' END,
            'k', 'T', 'Slot/1', '', '', '', 0
        FROM generate_series(1, 3000) AS n
        """
    )
    published: list[str] = []
    publish = world.broker.publish

    async def note(producer: str, epoch: int, records: Any) -> None:
        published.extend(record.topic for record in records)
        await publish(producer, epoch, records)

    world.broker.publish = note
    async with world.running(world.relay()):
        await until(is_published(world, 3000))
    assert published[0] == "telerehab.safety"


async def test_a_commit_wakes_the_relay_here_and_in_another_process(world: Any, until: Until) -> None:
    relay = world.relay(poll_seconds=60, lease_seconds=60)
    standby = world.relay(poll_seconds=60, lease_seconds=60)
    engine = world.scheduling
    async with world.running(relay):
        await world.say(ResourceChanged())

        async def holds() -> bool:
            return bool(relay._lease.is_held)

        await until(holds)
        engine.after_commit = relay.after_commit
        await world.say(ResourceChanged())
        await until(is_published(world, 2))
        async with world.running(standby):
            engine.after_commit = standby.after_commit
            await world.say(ResourceChanged())
            await until(is_published(world, 3))
        notifier = outbox_notifier(world.database)
        ringing = asyncio.create_task(notifier.run())
        engine.after_commit = lambda write_set: notifier.ring(write_set.schema)
        await world.say(ResourceChanged())
        await until(is_published(world, 4))
        ringing.cancel()


async def test_a_stopped_relay_lets_the_next_one_begin_at_once(world: Any, until: Until) -> None:
    async with world.running(world.relay(lease_seconds=60)):
        await world.say(ResourceChanged())
        await until(is_published(world, 1))
    async with world.running(world.relay(lease_seconds=60)):
        await world.say(ResourceChanged())
        await until(is_published(world, 2))
