"""Databases with what events need, and conditions to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from google.protobuf.message import Message

from telerehab import identity
from telerehab.access import Caller
from telerehab.engine import Engine
from telerehab.event import Handler
from telerehab.events.brokers.broker import Broker
from telerehab.events.brokers.kafka import Cluster, KafkaBroker
from telerehab.events.brokers.kafka.client import make_topics
from telerehab.events.brokers.kafka.topics import TOPICS, Topic
from telerehab.events.brokers.postgres import PostgresBroker
from telerehab.events.consumer import Consumer, consumers_of
from telerehab.events.database import Database
from telerehab.events.dead_letter import DeadLetters
from telerehab.events.inbox import Inbox
from telerehab.events.relay import Relay
from telerehab.events.retrying import Patience
from telerehab.resource import Resource
from telerehab.service import Service
from telerehab.settings import Settings
from telerehab.store.embedded import ServerHandle
from telerehab.store.migrate import migrate
from telerehab.store.pool import Pool
from telerehab.store.store import Store
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import WriteSet
from tests.simulation.memory_broker import BrokerServer, MemoryBroker
from tests.simulation.wire import DirectWire

MIGRATIONS = Path("telerehab/events/migrations")
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """`await until(condition)` waits for an async condition to hold; fails after 60 seconds."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not await condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
async def broker_database(database: str) -> AsyncIterator[Database]:
    """A database with the broker's schema."""
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE SCHEMA broker")
    for file in sorted((MIGRATIONS / "broker").glob("*.sql")):
        await connection.execute(file.read_text())
    await connection.close()
    opened = await Database(database, connections=8).open()
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_broker(broker_database: Database) -> AsyncIterator[PostgresBroker]:
    """A broker that is quick to give up a lease, and polls so slowly that only notifications wake it."""
    async with PostgresBroker(broker_database, poll_seconds=15, lease_seconds=1).running() as broker:
        yield broker


@pytest.fixture
def kafka_cluster(kafka: str) -> Cluster:
    """The Kafka of the tests, with names of this test's own."""
    return Cluster({"bootstrap_servers": kafka}, f"{identity.new_id()}.")


@pytest.fixture
async def kafka_broker(kafka_cluster: Cluster) -> AsyncIterator[KafkaBroker]:
    """A broker with the topics that the tests of brokers use."""
    names = ("telerehab.scheduling", "telerehab.session", "x")
    await asyncio.to_thread(make_topics, kafka_cluster, [Topic(name, 3, {}) for name in names])
    async with KafkaBroker(kafka_cluster).running() as broker:
        yield broker


@pytest.fixture
def memory_broker() -> MemoryBroker:
    """The broker of the simulation, as that of PostgreSQL is."""
    return MemoryBroker(BrokerServer(), DirectWire())


@pytest.fixture
def memory_broker_like_kafka() -> MemoryBroker:
    """The broker of the simulation with partitions, which knows no epochs and keeps what is published twice."""
    return MemoryBroker(BrokerServer(partitions=3, fences=False), DirectWire())


async def kill_backends(dsn: str) -> None:
    """Terminate every other connection to the database."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()


@pytest.fixture
def kill_connections(database: str) -> Callable[[], Awaitable[None]]:
    return lambda: kill_backends(database)


SECRET = b"a secret of the tests"


class World:
    """Scheduling says, session hears: two services on real stores, in one database, with a broker."""

    def __init__(
        self, dsn: str, broker_factory: Callable[[Database], PostgresBroker | KafkaBroker] = PostgresBroker
    ) -> None:
        self.dsn = dsn
        self.stack = AsyncExitStack()
        self._new_broker = broker_factory

    async def open(self) -> World:
        self.database = await Database(self.dsn, connections=10).open()
        self.stack.push_async_callback(self.database.close)
        broker: Broker = await self.stack.enter_async_context(self._new_broker(self.database).running())
        self.broker = broker
        self.scheduling = await self.engine(Service("scheduling"))
        return self

    async def engine(self, service: Service) -> Engine:
        """An engine of a service on a pool of its own."""
        pool = Pool(self.dsn, schema=service.name, size=4)
        self.stack.push_async_callback(pool.close)
        return Engine(service, await Store.open(pool, service), Alone(), Settings(), SECRET)

    async def hearing(self, *handlers: Handler) -> Engine:
        """A session service with these handlers."""
        return await self.engine(Service("session", handlers=handlers))

    async def say(self, *messages: Message, key: str = "k", engine: Engine | None = None) -> list[WriteSet]:
        """Commit events, each in a unit of work of its own, about a resource named `key`."""
        about = Resource.of({"resourceType": "Slot", "id": key})
        by = engine or self.scheduling
        write_sets = []
        for message in messages:
            work = UnitOfWork(by, Caller("test"))
            work.emit(message, about)
            write_sets.append(await by.commit(work))
        return write_sets

    def relay(self, **options: Any) -> Relay:
        return Relay(self.database, "scheduling", self.broker, **options)

    def consumers(self, engine: Engine, patience: Patience | None = None) -> list[Consumer]:
        self.inbox = Inbox(self.database, "session")
        return consumers_of(engine, self.database, self.broker, self.inbox, patience=patience)

    @asynccontextmanager
    async def running(self, *workers: Relay | Consumer) -> AsyncIterator[None]:
        """Have relays and consumers at work meanwhile, then stop them gracefully."""
        for worker in workers:
            if isinstance(worker, Relay):
                self.scheduling.after_commit = worker.after_commit
        tasks = [asyncio.create_task(worker.run()) for worker in workers]
        try:
            yield
        finally:
            for worker in workers:
                worker.stop()
            async with asyncio.timeout(60):
                await asyncio.gather(*tasks)

    @property
    def letters(self) -> DeadLetters:
        return DeadLetters(self.database, "session")

    async def taken(self, handler: str | None = None) -> list[str]:
        """The ids of the events that session's handlers have taken, in the order of their commits."""
        rows = await self.database.fetch(
            "SELECT event_id FROM session.inbox WHERE handler = coalesce($1, handler) ORDER BY time", handler
        )
        return [str(row["event_id"]) for row in rows]

    async def has_taken(self, count: int, handler: str | None = None) -> bool:
        return len(await self.taken(handler)) >= count


class Alone:
    """No neighbours: a handler must not ask any."""

    async def read(self, reference: str, caller: Caller) -> Resource | None:
        raise AssertionError("a handler asks no neighbour")

    async def include(self, *_: Any, **__: Any) -> list[Resource]:
        raise AssertionError("nobody searches here")

    async def ids(self, *_: Any, **__: Any) -> list[str]:
        raise AssertionError("nobody searches here")


@pytest.fixture(scope="session")
async def events_template(new_database: Callable[..., Awaitable[str]]) -> str:
    """The name of a database that is migrated for scheduling and session."""
    dsn = await new_database(name="events_template")
    await migrate(dsn, [Service("scheduling"), Service("session")])
    return "events_template"


@pytest.fixture
async def world_dsn(
    new_database: Callable[..., Awaitable[str]], postgresql: ServerHandle, events_template: str
) -> AsyncIterator[str]:
    dsn = await new_database(template=events_template)
    yield dsn
    connection = await asyncpg.connect(postgresql.dsn("postgres"))
    name = dsn.rpartition("@/")[2].partition("?")[0]
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


@pytest.fixture
async def world(world_dsn: str) -> AsyncIterator[World]:
    opened = await World(world_dsn).open()
    yield opened
    await opened.stack.aclose()


@pytest.fixture
async def kafka_world(world_dsn: str, kafka_cluster: Cluster) -> AsyncIterator[World]:
    """The same, told by Kafka."""
    few = [Topic(topic.name, 3, topic.configuration) for topic in TOPICS]
    await asyncio.to_thread(make_topics, kafka_cluster, few)
    opened = await World(world_dsn, lambda database: KafkaBroker(kafka_cluster)).open()
    yield opened
    await opened.stack.aclose()
