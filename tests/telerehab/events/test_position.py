"""Read your writes: tokens, and waiting for the handlers that hear what they name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telerehab import identity
from telerehab.event import Event, Handler
from telerehab.events.position import MOST_EVENTS, BadToken, Waited, events_of, joined, token_of, wait
from telerehab.events.retrying import Patience
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked, AppointmentCancelled
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import OutboxRow, WriteSet

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
TYPES = ("telerehab.events.v1.AppointmentBooked", "telerehab.events.v1.ResourceChanged")

rows = st.builds(
    OutboxRow,
    event_id=st.uuids().map(str),
    topic=st.sampled_from(["telerehab.scheduling", "telerehab.safety"]),
    key=st.binary(min_size=1, max_size=1),
    type=st.sampled_from(TYPES),
    subject=st.just("Slot/1"),
    payload=st.just(b""),
)


@given(st.lists(rows, max_size=50, unique_by=lambda row: row.event_id))
def test_a_token_names_the_last_event_of_each_type_topic_and_key(said: list[OutboxRow]) -> None:
    last = {(row.type, row.topic, row.key): (row.type, row.event_id) for row in said}
    token = token_of([WriteSet("scheduling", outbox=said[:20]), WriteSet("session", outbox=said[20:])])
    assert sorted(events_of(token)) == sorted(last.values())
    assert token.isascii()
    assert not set(token) & set(' ,;"')


def test_a_token_of_very_many_keys_stays_short_enough_for_a_header() -> None:
    said = [
        OutboxRow(identity.new_id(), "t", number.to_bytes(4, "big"), TYPES[1], "Slot/1", b"")
        for number in range(1000)
    ]
    token = token_of([WriteSet("scheduling", outbox=said)])
    assert [id_ for _, id_ in events_of(token)] == [row.event_id for row in said[-MOST_EVENTS:]]
    assert len(token) < 8000


@given(
    st.lists(st.lists(rows, max_size=120, unique_by=lambda row: (row.type, row.topic, row.key)), max_size=4)
)
def test_the_token_of_several_names_what_each_of_them_names(several: list[list[OutboxRow]]) -> None:
    tokens = [token_of([WriteSet("scheduling", outbox=said)]) for said in several]
    named = [event for token in tokens for event in events_of(token)]
    assert sorted(events_of(joined(tokens))) == sorted(named[-MOST_EVENTS:])
    if named and len(named) <= MOST_EVENTS:
        assert sorted(events_of("~".join(token for token in tokens if token))) == sorted(named)


def test_a_token_of_too_many_events_says_so() -> None:
    said = [
        OutboxRow(identity.new_id(), "t", bytes([number]), TYPES[1], "Slot/1", b"") for number in range(150)
    ]
    token = token_of([WriteSet("scheduling", outbox=said)])
    with pytest.raises(BadToken, match="200 events at most"):
        events_of(f"{token}~{token}")


@pytest.mark.parametrize(
    "text", ["x", "AppointmentBooked:", "AppointmentBooked:abc", ":", "A B:" + "A" * 22, "~", "é:" + "A" * 21]
)
def test_what_is_no_token_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadToken):
        events_of(text)


async def test_a_read_waits_until_every_handler_has_taken_the_event(world: Any, until: Until) -> None:
    held = asyncio.Event()
    quick_done = asyncio.Event()

    async def slow(event: Event[Any], work: UnitOfWork) -> None:
        await held.wait()

    async def quick(event: Event[Any], work: UnitOfWork) -> None:
        quick_done.set()

    engine = await world.hearing(
        Handler("slow", AppointmentBooked, slow), Handler("quick", AppointmentBooked, quick)
    )
    async with world.running(world.relay(), *world.consumers(engine)):
        token = token_of(await world.say(AppointmentBooked()))
        waiting = asyncio.create_task(wait(engine.service, world.inbox, world.letters, token, 20))
        await quick_done.wait()
        await until(lambda: world.has_taken(1))
        assert not waiting.done()
        held.set()
        assert await waiting == Waited(True)
    assert await world.has_taken(2)


async def test_what_no_handler_hears_is_not_waited_for(world: Any) -> None:
    engine = await world.hearing(Handler("booked", AppointmentBooked, nothing))
    world.consumers(engine)
    token = token_of(await world.say(AppointmentCancelled()))
    assert await wait(engine.service, world.inbox, world.letters, token, 20) == Waited(True)
    assert await wait(engine.service, world.inbox, world.letters, "", 20) == Waited(True)


async def nothing(event: Event[Any], work: UnitOfWork) -> None:
    """An effect that leaves the inbox row alone."""


async def test_after_its_time_a_read_goes_on_and_says_so(world: Any) -> None:
    engine = await world.hearing(Handler("booked", AppointmentBooked, nothing))
    world.consumers(engine)
    token = token_of(await world.say(AppointmentBooked()))
    assert await wait(engine.service, world.inbox, world.letters, token, 0.05) == Waited(False, "timeout")


async def test_a_dead_letter_ends_the_wait_for_it_and_for_what_is_behind(world: Any) -> None:
    async def fail(event: Event[Any], work: UnitOfWork) -> None:
        raise RuntimeError

    engine = await world.hearing(Handler("fail", AppointmentBooked, fail))
    consumers = world.consumers(engine, Patience(tries=1))
    async with world.running(world.relay(), *consumers):
        for _ in range(2):
            token = token_of(await world.say(AppointmentBooked()))
            waited = await wait(engine.service, world.inbox, world.letters, token, 20)
            assert waited == Waited(False, "dead-letter")


async def test_another_process_may_have_taken_it(world: Any) -> None:
    engine = await world.hearing(Handler("booked", AppointmentBooked, nothing))
    async with world.running(world.relay(), *world.consumers(engine)):
        world.consumers(engine)  # an inbox that no consumer of this process tells
        token = token_of(await world.say(AppointmentBooked()))
        assert await wait(engine.service, world.inbox, world.letters, token, 20) == Waited(True)
