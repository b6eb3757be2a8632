"""From a commit to an effect: order per key, retries, dead letters, what waits and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.protobuf.message import Message

from telerehab import identity
from telerehab.event import Event, Handler, Lacking
from telerehab.events.backoff import Backoff
from telerehab.events.brokers.broker import Record
from telerehab.events.consumer import lag_of
from telerehab.events.handling import MOST_CAUSES
from telerehab.events.retrying import Patience
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked, AppointmentCancelled
from telerehab.service import Service
from telerehab.unit_of_work import UnitOfWork

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
QUICK = Patience(tries=3, backoff=Backoff(first=0.01, factor=1.0, longest=0.01))


def booked(*names: str) -> list[AppointmentBooked]:
    return [AppointmentBooked(appointment_id=name) for name in names]


class Notes:
    """A handler that notes what it was given, and fails or waits where the test says so."""

    def __init__(self, name: str = "notes", type_: type[Message] = AppointmentBooked, **options: Any) -> None:
        self.seen: list[str] = []
        self.failing: dict[str, Exception] = {}
        self.holding: dict[str, asyncio.Event] = {}
        self.events: list[Event[Any]] = []
        self.handler = Handler(name, type_, self.handle, **options)

    async def handle(self, event: Event[Any], work: UnitOfWork) -> None:
        name = getattr(event.message, "appointment_id", "") or getattr(event.message, "task_id", "")
        self.events.append(event)
        if name in self.holding:
            await self.holding[name].wait()
        if name in self.failing:
            raise self.failing[name]
        self.seen.append(name)


def ids(write_sets: list[Any]) -> list[str]:
    return [row.event_id for write_set in write_sets for row in write_set.outbox]


async def test_what_is_committed_is_heard_as_it_was_said(world: Any, until: Until) -> None:
    notes = Notes()
    (write_set,) = await world.say(*booked("a"), key="s1")
    async with world.running(world.relay(), *world.consumers(await world.hearing(notes.handler))):
        await until(lambda: world.has_taken(1))
    (event,) = notes.events
    (row,) = write_set.outbox
    assert (event.id, event.key, event.subject) == (row.event_id, row.key, "Slot/s1")
    assert event.message == booked("a")[0]
    assert event.time.tzinfo is not None
    assert event.depth == 0
    assert await world.database.fetchval("SELECT count(*) FROM scheduling.outbox") == 0


async def test_events_of_a_key_are_taken_in_their_order(world: Any, until: Until) -> None:
    notes = Notes()
    said: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    async with world.running(world.relay(), *world.consumers(await world.hearing(notes.handler))):
        for number in range(30):
            for key, in_order in said.items():
                in_order += ids(await world.say(*booked(f"{number}"), key=key))
        await until(lambda: world.has_taken(90))
    taken = await world.taken()
    for in_order in said.values():
        assert [id_ for id_ in taken if id_ in in_order] == in_order


async def test_keys_do_not_wait_for_each_other(world: Any, until: Until) -> None:
    notes = Notes()
    held = notes.holding["slow"] = asyncio.Event()
    async with world.running(world.relay(), *world.consumers(await world.hearing(notes.handler))):
        await world.say(*booked("slow", "after"), key="a")
        await world.say(*booked("other"), key="b")
        await until(lambda: world.has_taken(1))
        assert notes.seen == ["other"]
        held.set()
        await until(lambda: world.has_taken(3))
    assert notes.seen == ["other", "slow", "after"]


async def test_a_passing_failure_is_tried_again_and_keeps_the_order(world: Any, until: Until) -> None:
    notes = Notes()
    notes.failing["a"] = RuntimeError()
    patience = Patience(tries=1000, backoff=QUICK.backoff)
    consumers = world.consumers(await world.hearing(notes.handler), patience)
    async with world.running(world.relay(), *consumers):
        await world.say(*booked("a", "b", "c"))

        async def tried() -> bool:
            return len(notes.events) > 3

        await until(tried)
        assert notes.seen == []
        del notes.failing["a"]
        await until(lambda: world.has_taken(3))
    assert notes.seen == ["a", "b", "c"]
    assert await world.letters.all() == []


async def test_a_lane_that_fails_while_the_waiting_ones_are_looked_up_is_not_forgotten(
    world: Any, until: Until
) -> None:
    notes = Notes()
    held = notes.holding["fails"] = asyncio.Event()
    notes.failing["fails"] = RuntimeError()
    consumers = world.consumers(await world.hearing(notes.handler), Patience(tries=1))
    (consumer,) = (each for each in consumers if each._group == "session")
    look_up, looked_up, go_on = consumer._letters.blocked, asyncio.Event(), asyncio.Event()

    async def slowly() -> set[tuple[str, bytes]]:
        found: set[tuple[str, bytes]] = await look_up()
        looked_up.set()
        await go_on.wait()
        return found

    async def letters(count: int) -> bool:
        return len(await world.letters.all()) == count

    async with world.running(world.relay(), *consumers):
        await world.say(*booked("fails"), key="a")

        async def is_begun() -> bool:
            return len(notes.events) == 1

        await until(is_begun)
        consumer._letters.blocked = slowly
        consumer._generation = -1  # as after partitions were gained
        await world.say(*booked("elsewhere"), key="b")
        await looked_up.wait()
        held.set()
        await until(lambda: letters(1))
        go_on.set()
        await world.say(*booked("behind"), key="a")
        await until(lambda: letters(2))
        await until(lambda: world.has_taken(1))
    assert notes.seen == ["elsewhere"]


async def test_only_the_key_and_handler_of_a_poison_event_wait_until_it_is_replayed(
    world: Any, until: Until
) -> None:
    notes, others = Notes(), Notes("others")
    notes.failing["poison"] = RuntimeError("text that may quote a patient")
    engine = await world.hearing(notes.handler, others.handler)
    async with world.running(world.relay(), *world.consumers(engine, QUICK)):
        await world.say(*booked("poison", "behind"), key="a")
        await world.say(*booked("free"), key="b")
        await until(lambda: world.has_taken(4))

        async def is_dead() -> bool:
            return [letter.state for letter in await world.letters.all()] == ["dead", "waiting"]

        await until(is_dead)
        assert sorted(others.seen) == ["behind", "free", "poison"]
        assert notes.seen == ["free"]
        dead, waiting = await world.letters.all()
        assert (dead.failures, dead.handler) == (3, "notes")
        assert "RuntimeError" in dead.error
        assert "handle" in dead.error
        assert "quote" not in dead.error

        del notes.failing["poison"]
        assert await world.letters.replay([dead.id]) == 1
        await until(lambda: world.has_taken(6))
        await world.say(*booked("later"), key="a")
        await until(lambda: world.has_taken(8))
    assert notes.seen == ["free", "poison", "behind", "later"]
    assert await world.letters.all() == []
    assert waiting.state == "waiting"


async def test_what_waits_behind_a_discarded_dead_letter_goes_on(world: Any, until: Until) -> None:
    notes = Notes()
    notes.failing["poison"] = RuntimeError()
    engine = await world.hearing(notes.handler)
    async with world.running(world.relay(), *world.consumers(engine, QUICK)):
        await world.say(*booked("poison", "behind"))

        async def is_dead() -> bool:
            return [letter.state for letter in await world.letters.all()] == ["dead", "waiting"]

        await until(is_dead)
        assert await world.letters.discard([(await world.letters.all())[0].id]) == 1
        await until(lambda: world.has_taken(1))
    assert notes.seen == ["behind"]


async def test_a_dead_letter_is_waited_behind_after_a_restart(world: Any, until: Until) -> None:
    notes = Notes()
    notes.failing["poison"] = RuntimeError()
    engine = await world.hearing(notes.handler)

    async def count(state: str) -> int:
        return [letter.state for letter in await world.letters.all()].count(state)

    async def is_dead() -> bool:
        return await count("dead") == 1

    async def waits() -> bool:
        return await count("waiting") == 1

    async with world.running(world.relay(), *world.consumers(engine, QUICK)):
        await world.say(*booked("poison"))
        await until(is_dead)
    async with world.running(world.relay(), *world.consumers(engine, QUICK)):
        await world.say(*booked("behind"))
        await until(waits)
    assert notes.seen == []


async def test_safety_events_wait_for_nothing(world: Any, until: Until) -> None:
    notes, alerts = Notes(), Notes("alerts", SafetyAlertRaised)
    notes.holding["stuck"] = asyncio.Event()
    alerts.failing["bad"] = RuntimeError()
    engine = await world.hearing(notes.handler, alerts.handler)
    outcomes = await world.engine(Service("session"))
    async with world.running(world.relay(), *world.consumers(engine, QUICK)):
        for number in range(20):  # more than are handled side by side
            await world.say(*booked("stuck"), key=f"{number}")

        async def is_stuck() -> bool:
            return len(notes.events) >= 8

        await until(is_stuck)
        await publish(world, SafetyAlertRaised(task_id="bad"), SafetyAlertRaised(task_id="good"))
        await until(lambda: world.has_taken(1, "alerts"))

        async def is_dead() -> bool:
            return [letter.state for letter in await world.letters.all()] == ["dead"]

        await until(is_dead)
        notes.holding["stuck"].set()
        await until(lambda: world.has_taken(20, "notes"))
    assert alerts.seen == ["good"]
    assert outcomes.service.name == "session"


async def publish(world: Any, *messages: Message, key: bytes = b"k", **headers: str) -> list[str]:
    """Put events on their topics as a service would that is not there."""
    records = []
    for message in messages:
        type_ = message.DESCRIPTOR.full_name
        given = {"ce_type": type_, "ce_subject": "Slot/1", "ce_time": "2026-01-01T00:00:00.000001Z"} | headers
        topic = "telerehab.safety" if "Safety" in type_ else "telerehab.scheduling"
        records.append(Record(identity.new_id(), topic, key, given, message.SerializeToString()))
    await world.broker.publish("elsewhere", 1, records)
    return [record.id for record in records]


async def test_a_handler_that_lacks_something_is_tried_until_it_is_there(world: Any, until: Until) -> None:
    notes = Notes()
    notes.failing["early"] = Lacking()
    engine = await world.hearing(notes.handler)
    async with world.running(world.relay(), *world.consumers(engine, QUICK)):
        await world.say(*booked("early", "behind"))

        async def tried() -> bool:
            return len(notes.events) > QUICK.tries + 2

        await until(tried)
        del notes.failing["early"]
        await until(lambda: world.has_taken(2))
    assert notes.seen == ["early", "behind"]


async def test_events_that_cause_events_end_at_some_depth(world: Any, until: Until) -> None:
    notes = Notes()
    async with world.running(*world.consumers(await world.hearing(notes.handler), QUICK)):
        await publish(world, *booked("deep"), ce_depth=str(MOST_CAUSES + 1))
        await publish(world, *booked("deepest"), key=b"l", ce_depth=str(MOST_CAUSES))
        await until(lambda: world.has_taken(1))

        async def is_dead() -> bool:
            return [letter.state for letter in await world.letters.all()] == ["dead"]

        await until(is_dead)
    assert notes.seen == ["deepest"]


async def test_unknown_types_pass_and_newer_fields_survive(world: Any, until: Until) -> None:
    notes = Notes()
    async with world.running(*world.consumers(await world.hearing(notes.handler), QUICK)):
        await publish(world, *booked("x"), ce_type="telerehab.events.v9.NotYetThought")
        newer = AppointmentBooked.FromString(booked("a")[0].SerializeToString() + b"\xf2\x7f\x03new")
        await publish(world, newer)
        await until(lambda: world.has_taken(1))
    assert notes.seen == ["a"]
    assert notes.events[0].message.SerializeToString() == newer.SerializeToString()


@pytest.mark.parametrize(
    ("payload", "headers"),
    [(b"\xff\xff", {}), (b"", {"ce_time": "yesterday"}), (b"", {"ce_depth": "x"})],
)
async def test_what_cannot_be_read_is_a_dead_letter_at_once(
    world: Any, until: Until, payload: bytes, headers: dict[str, str]
) -> None:
    notes = Notes()
    record = Record(
        identity.new_id(),
        "telerehab.scheduling",
        b"k",
        {
            "ce_type": AppointmentBooked.DESCRIPTOR.full_name,
            "ce_subject": "Slot/1",
            "ce_time": "2026-01-01T00:00:00Z",
            **headers,
        },
        payload,
    )
    async with world.running(*world.consumers(await world.hearing(notes.handler))):
        await world.broker.publish("p", 1, [record])

        async def is_dead() -> bool:
            return [letter.state for letter in await world.letters.all()] == ["dead"]

        await until(is_dead)
    assert notes.events == []


async def test_what_a_handler_says_tells_its_cause_and_depth(world: Any, until: Until) -> None:
    async def answer(event: Event[Any], work: UnitOfWork) -> None:
        work.create({"resourceType": "Communication", "id": work.derived_id(), "status": "completed"})

    handler = Handler("answer", AppointmentBooked, answer)
    async with world.running(world.relay(), *world.consumers(await world.hearing(handler))):
        (write_set,) = await world.say(*booked("a"))
        await until(lambda: world.has_taken(1))
    (row,) = await world.database.fetch("SELECT * FROM session.outbox")
    assert row["type"] == ResourceChanged.DESCRIPTOR.full_name
    assert (row["cause"], row["depth"]) == (write_set.outbox[0].event_id, 1)


async def test_a_handler_whose_ground_has_moved_plans_again(world: Any, until: Until) -> None:
    rounds: list[int] = []

    async def follow(event: Event[Any], work: UnitOfWork) -> None:
        content = {"resourceType": "Communication", "id": "one", "status": "completed"}
        rounds.append(1)
        if len(rounds) == 1:
            other = UnitOfWork(work.engine, work.caller)
            await work.read("Communication", "one")
            await other.put({**content, "status": "preparation"})
            await work.put(content)
            await work.engine.commit(other)
        else:
            await work.put(content)

    engine = await world.hearing(Handler("follow", AppointmentBooked, follow))
    async with world.running(world.relay(), *world.consumers(engine)):
        await world.say(*booked("a"))
        await until(lambda: world.has_taken(1))
    found = await engine.store.read("Communication", "one", engine.everything)
    assert (found.version, found.content["status"]) == (2, "completed")
    assert len(rounds) == 2


async def test_handlers_of_one_event_make_different_ids(world: Any, until: Until) -> None:
    async def make(event: Event[Any], work: UnitOfWork) -> None:
        work.create({"resourceType": "Communication", "id": work.derived_id(), "status": "completed"})

    handlers = [Handler(name, AppointmentBooked, make) for name in ("first", "second")]
    async with world.running(world.relay(), *world.consumers(await world.hearing(*handlers))):
        await world.say(*booked("a"))
        await until(lambda: world.has_taken(2))
    assert await world.database.fetchval("SELECT count(*) FROM session.resource") == 2


async def test_lag_tells_what_each_group_has_not_taken(world: Any, until: Until) -> None:
    notes, alerts = Notes(), Notes("alerts", SafetyAlertRaised)
    engine = await world.hearing(notes.handler, alerts.handler)

    async def lags() -> dict[str, int]:
        return {lag.group: lag.records for lag in await lag_of(engine.service, world.broker)}

    await publish(world, *booked("a", "b"), SafetyAlertRaised())
    assert await lags() == {"session": 2, "session.safety": 1}
    async with world.running(*world.consumers(engine)):
        await until(lambda: world.has_taken(3))
    assert await lags() == {"session": 0, "session.safety": 0}


async def test_each_handler_hears_its_own_events_only(world: Any, until: Until) -> None:
    one, two = Notes("one"), Notes("two", AppointmentCancelled)
    async with world.running(world.relay(), *world.consumers(await world.hearing(one.handler, two.handler))):
        await world.say(*booked("a"), AppointmentCancelled(appointment_id="b"))
        await until(lambda: world.has_taken(2))
    assert (one.seen, two.seen) == (["a"], ["b"])
