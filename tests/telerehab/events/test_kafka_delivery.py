"""From a commit to an effect by Kafka: once and in order, while relays and consumers come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from telerehab.event import Event, Handler
from telerehab.events.cloud_event import record_of
from telerehab.events.consumer import lag_of
from telerehab.events.rebuild import rebuild
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from telerehab.unit_of_work import UnitOfWork

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

KEYS = [f"k{number}" for number in range(12)]
EACH = 20


async def nothing(event: Event[Any], work: UnitOfWork) -> None:
    """Its inbox row is effect enough."""


async def test_replicas_that_come_and_go_take_each_event_once_and_in_order(
    kafka_world: Any, until: Until
) -> None:
    world = kafka_world
    engine = await world.hearing(Handler("notes", AppointmentBooked, nothing))
    said: dict[str, list[str]] = {key: [] for key in KEYS}

    async def say() -> None:
        for _ in range(EACH):
            for key, in_order in said.items():
                (write_set,) = await world.say(AppointmentBooked(appointment_id="a"), key=key)
                in_order += [row.event_id for row in write_set.outbox]

    async with AsyncExitStack() as stays, world.running(world.relay()):
        leaves = await AsyncExitStack().__aenter__()
        await leaves.enter_async_context(world.running(*world.consumers(engine)))
        saying = asyncio.create_task(say())
        await until(lambda: world.has_taken(EACH))
        await stays.enter_async_context(world.running(*world.consumers(engine)))
        await until(lambda: world.has_taken(4 * EACH))
        await leaves.aclose()
        await saying
        await until(lambda: world.has_taken(len(KEYS) * EACH))

        async def all_kept() -> bool:
            return not any(lag.records for lag in await lag_of(engine.service, world.broker))

        await until(all_kept)
    taken = await world.taken()
    for in_order in said.values():
        assert [id_ for id_ in taken if id_ in in_order] == in_order


async def test_what_a_late_relay_says_again_has_no_second_effect(kafka_world: Any, until: Until) -> None:
    """Kafka fences nobody off: the order of the outbox and the inbox make up for it."""
    world = kafka_world
    engine = await world.hearing(Handler("notes", AppointmentBooked, nothing))
    names = [f"{number}" for number in range(20)]
    await world.say(*(AppointmentBooked(appointment_id=name) for name in names))
    rows = await world.database.fetch("SELECT * FROM scheduling.outbox ORDER BY id")
    late = [record_of(row, "scheduling") for row in rows]
    await world.broker.publish("scheduling", 1, late[:12])
    async with world.running(world.relay(), *world.consumers(engine)):
        await until(lambda: world.has_taken(15))
        await world.broker.publish("scheduling", 1, late)  # it had read them before its lease was over

        async def all_read() -> bool:
            lags = await lag_of(engine.service, world.broker)
            return sum(lag.position for lag in lags) == 12 + 20 + 20

        await until(all_read)
    assert await world.taken() == [record.id for record in late]


async def test_a_projection_is_rebuilt_from_all_partitions(kafka_world: Any, until: Until) -> None:
    world = kafka_world
    seen: list[tuple[bytes, str]] = []

    async def project(event: Event[Any], work: UnitOfWork) -> None:
        seen.append((event.key, event.message.appointment_id))

    projection = Handler("project", AppointmentBooked, project, rebuilds=True)
    engine = await world.hearing(projection)
    async with world.running(world.relay(), *world.consumers(engine)):
        for number in range(3):
            for key in KEYS:
                await world.say(AppointmentBooked(appointment_id=f"{number}"), key=key)
        await until(lambda: world.has_taken(3 * len(KEYS)))
        assert await rebuild(engine, world.database, world.broker, projection) == 3 * len(KEYS)
    assert len(seen) == 2 * 3 * len(KEYS)
    for hashed in {key for key, _ in seen}:
        assert [name for its, name in seen if its == hashed] == ["0", "1", "2"] * 2
