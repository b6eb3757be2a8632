"""Rebuilding a projection from the beginning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from telerehab.event import Event, Handler
from telerehab.events.rebuild import rebuild
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from telerehab.unit_of_work import UnitOfWork

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def test_a_projection_takes_everything_again_in_order_and_then_goes_on(
    world: Any, until: Until
) -> None:
    seen: list[str] = []
    others: list[str] = []

    async def project(event: Event[Any], work: UnitOfWork) -> None:
        seen.append(event.message.appointment_id)

    async def react(event: Event[Any], work: UnitOfWork) -> None:
        others.append(event.message.appointment_id)

    projection = Handler("project", AppointmentBooked, project, rebuilds=True)
    reaction = Handler("react", AppointmentBooked, react)
    engine = await world.hearing(projection, reaction)
    names = [f"{number}" for number in range(20)]
    async with world.running(world.relay(), *world.consumers(engine)):
        await world.say(*(AppointmentBooked(appointment_id=name) for name in names))
        await until(lambda: world.has_taken(40))
        assert await rebuild(engine, world.database, world.broker, projection) == 20
        assert seen == names * 2
        await world.say(AppointmentBooked(appointment_id="later"))
        await until(lambda: world.has_taken(42))
    assert others == [*names, "later"]
    assert seen == [*names * 2, "later"]


async def test_a_rebuild_can_be_done_again(world: Any, until: Until) -> None:
    seen: list[str] = []

    async def project(event: Event[Any], work: UnitOfWork) -> None:
        seen.append(event.id)

    projection = Handler("project", AppointmentBooked, project, rebuilds=True)
    engine = await world.hearing(projection)
    async with world.running(world.relay()):
        await world.say(AppointmentBooked(), AppointmentBooked())

        async def is_published() -> bool:
            return bool(await world.database.fetchval("SELECT count(*) = 2 FROM broker.log"))

        await until(is_published)
    for times in (1, 2, 3):
        await rebuild(engine, world.database, world.broker, projection)
        assert len(seen) == 2 * times


async def test_a_reaction_is_never_run_again(world: Any) -> None:
    async def react(event: Event[Any], work: UnitOfWork) -> None:
        raise AssertionError

    reaction = Handler("react", AppointmentBooked, react)
    engine = await world.hearing(reaction)
    with pytest.raises(ValueError, match="reaction"):
        await rebuild(engine, world.database, world.broker, reaction)
