"""Killed between any two steps: an event takes effect once, in its order, whatever was lost on the way.

A process is killed by letting its n-th step, before or after it reaches the database, and all later ones fail, with
no chance to tidy up; then a new process takes over. This is done for every n that an undisturbed process has.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest

from telerehab.event import Event, Handler
from telerehab.events.backoff import Backoff
from telerehab.events.brokers.postgres import PostgresBroker
from telerehab.events.consumer import Consumer, consumers_of
from telerehab.events.database import Database
from telerehab.events.inbox import Inbox
from telerehab.events.relay import Relay
from telerehab.events.retrying import Patience
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Applied, WriteSet

LEASE = 0.1
QUICK = Patience(backoff=Backoff(first=0.01, factor=1.0, longest=0.01))
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


class Killed(BaseException):
    """The process is no more."""


class Steps:
    """Counts the steps of a process: those before and those after it uses the database. It dies at the n-th."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.count = 0
        self.dead = asyncio.Event()
        self._dies_at = dies_at

    def step(self) -> None:
        self.count += 1
        if self.count == self._dies_at:
            self.dead.set()
        if self.dead.is_set():
            raise Killed


class MortalDatabase(Database):
    def __init__(self, dsn: str, steps: Steps) -> None:
        super().__init__(dsn)
        self.steps = steps

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        self.steps.step()
        async with super().acquire() as connection:
            yield connection
        self.steps.step()


class MortalStore:
    def __init__(self, store: Any, steps: Steps) -> None:
        self._store, self._steps = store, steps

    async def apply(self, write_set: WriteSet) -> Applied:
        self._steps.step()
        applied: Applied = await self._store.apply(write_set)
        self._steps.step()
        return applied

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture(autouse=True)
async def deaths_are_expected() -> AsyncIterator[None]:
    """The loop need not tell of tasks that died because their process did."""
    loop = asyncio.get_running_loop()

    def tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), Killed):
            loop.default_exception_handler(context)

    loop.set_exception_handler(tell)
    yield
    gc.collect()  # what they left is found now, not in the middle of something else
    loop.set_exception_handler(None)


async def make(event: Event[Any], work: UnitOfWork) -> None:
    """Something that can be seen to have happened once: a resource with a derived id, at version 1."""
    work.create({"resourceType": "Communication", "id": work.derived_id(), "status": "completed"})


async def live(world: Any, engine: Any, steps: Steps, done: Callable[[], Awaitable[bool]]) -> None:
    """A process with relay and consumer, until it dies or everything is done; then it ends without a word."""
    before = asyncio.all_tasks()
    store = engine.store
    engine.store = MortalStore(store, steps)
    database = await MortalDatabase(world.dsn, steps).open()
    broker = PostgresBroker(database, poll_seconds=0.05, lease_seconds=LEASE)
    workers: list[Relay | Consumer] = [
        Relay(database, "scheduling", broker, poll_seconds=0.05, lease_seconds=LEASE),
        *consumers_of(engine, database, broker, Inbox(database, "session"), patience=QUICK),
    ]

    async def finished() -> None:
        while not await done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    living = [asyncio.create_task(worker.run()) for worker in workers]
    ends = [asyncio.create_task(steps.dead.wait()), asyncio.create_task(finished())]
    async with asyncio.timeout(90):  # longer than PostgreSQL lets a transaction idle that a dead process left
        await asyncio.wait([*living, *ends], return_when=asyncio.FIRST_COMPLETED)
    steps.dead.set()
    for task in asyncio.all_tasks() - before:
        task.cancel()
    await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
    engine.store = store
    await database.close()


async def test_killed_at_any_step_an_event_takes_effect_once_and_in_order(world: Any) -> None:
    failed: set[str] = set()

    async def fail_then_make(event: Event[Any], work: UnitOfWork) -> None:
        if event.message.join_token and event.id not in failed:
            failed.add(event.id)
            raise RuntimeError
        await make(event, work)

    engine = await world.hearing(Handler("make", AppointmentBooked, fail_then_make))
    said: list[str] = []

    async def say_some() -> None:
        for key, fails in (("a", "once"), ("a", ""), ("b", "")):
            message = AppointmentBooked(join_token=fails)
            said.extend(set_.outbox[0].event_id for set_ in await world.say(message, key=key))

    async def done() -> bool:
        return bool(await world.has_taken(len(said)))

    await say_some()
    undisturbed = Steps()
    await live(world, engine, undisturbed, done)
    for dies_at in range(1, undisturbed.count + 1):
        await say_some()
        await live(world, engine, Steps(dies_at), done)

    async def settled() -> bool:
        return await done() and not await world.letters.all()

    await live(world, engine, Steps(), settled)
    await assert_once_and_in_order(world, said)
    assert undisturbed.count > 15


async def assert_once_and_in_order(world: Any, said: list[str]) -> None:
    taken = await world.taken()
    assert sorted(taken) == sorted(said)
    log = await world.database.fetch('SELECT event_id, key FROM broker.log ORDER BY "offset"')
    assert [str(row["event_id"]) for row in log if str(row["event_id"]) in said] == said
    for key in {row["key"] for row in log}:
        of_key = [str(row["event_id"]) for row in log if row["key"] == key]
        assert [id_ for id_ in taken if id_ in of_key] == of_key
    rows = await world.database.fetch("SELECT version FROM session.resource")
    assert [row["version"] for row in rows] == [1] * len(said)


async def test_with_connections_cut_all_the_time_every_event_takes_effect_once(
    world: Any, until: Until
) -> None:
    engine = await world.hearing(Handler("make", AppointmentBooked, make))
    said: list[str] = []
    enough = asyncio.Event()
    lost = 0

    async def cut() -> None:
        nonlocal lost
        connection = await asyncpg.connect(world.dsn)
        while not enough.is_set():
            lost += await connection.fetchval(
                "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.3"
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), 0.05)
        await connection.close()

    async def lost_many() -> bool:
        return lost >= 50

    for number in range(60):
        said += [s.outbox[0].event_id for s in await world.say(AppointmentBooked(), key=f"{number % 5}")]
    async with world.running(world.relay(poll_seconds=0.05), *world.consumers(engine)):
        chaos = asyncio.create_task(cut())
        await until(lost_many)
        enough.set()
        await chaos
        await until(lambda: world.has_taken(len(said)))
    await assert_once_and_in_order(world, said)


async def test_two_processes_at_work_do_everything_once(world: Any, until: Until) -> None:
    engines = [await world.hearing(Handler("make", AppointmentBooked, make)) for _ in range(2)]
    workers: list[Any] = []
    for engine in engines:
        broker = PostgresBroker(world.database, poll_seconds=0.05, lease_seconds=LEASE)
        workers.append(Relay(world.database, "scheduling", broker, poll_seconds=0.05, lease_seconds=LEASE))
        workers += consumers_of(engine, world.database, broker, Inbox(world.database, "session"))
    said: list[str] = []
    async with world.running(*workers):
        for number in range(60):
            said += [s.outbox[0].event_id for s in await world.say(AppointmentBooked(), key=f"{number % 5}")]
        await until(lambda: world.has_taken(len(said)))
    await assert_once_and_in_order(world, said)


async def test_a_relay_that_froze_and_wakes_up_repeats_nothing(world: Any, until: Until) -> None:
    frozen_at = asyncio.Event()
    thaw = asyncio.Event()

    class Freezing(PostgresBroker):
        async def publish(self, producer: str, epoch: int, records: Any) -> None:
            frozen_at.set()
            await thaw.wait()
            await super().publish(producer, epoch, records)

    old = Relay(world.database, "scheduling", Freezing(world.database), lease_seconds=LEASE)
    (write_set,) = await world.say(AppointmentBooked())
    async with world.running(old):
        await frozen_at.wait()
        new = Relay(world.database, "scheduling", world.broker, poll_seconds=0.05, lease_seconds=LEASE)
        async with world.running(new):

            async def is_published() -> bool:
                return bool(await world.database.fetchval("SELECT count(*) = 0 FROM scheduling.outbox"))

            await until(is_published)
            later = await world.say(AppointmentBooked())
            await until(is_published)
            thaw.set()

            async def is_fenced() -> bool:
                return not old._lease.is_held

            await until(is_fenced)
    rows = await world.database.fetch('SELECT event_id FROM broker.log ORDER BY "offset"')
    assert [str(row["event_id"]) for row in rows] == [set_.outbox[0].event_id for set_ in (write_set, *later)]
