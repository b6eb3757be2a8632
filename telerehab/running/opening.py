"""Opening what a service works on: its pool, its connections for events, the secret that all services share."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from telerehab.events.brokers.broker import Broker
from telerehab.events.brokers.postgres import PostgresBroker
from telerehab.events.database import Database
from telerehab.owners import SERVICES
from telerehab.rpc.credentials import certificates_of
from telerehab.rpc.deadlines import Patience
from telerehab.rpc.neighbours import Neighbours
from telerehab.settings import Settings
from telerehab.store.pool import Pool
from telerehab.store.roles import role_to_take

EVENT_KEY = "SELECT value FROM broker.secret WHERE name = 'event-key'"


async def open_pool(schema: str, settings: Settings, stack: AsyncExitStack) -> Pool:
    """The store's connections to one schema, as its own role where there is one."""
    pool = Pool(
        dsn_of(schema, settings),
        schema=schema,
        role=await role_to_take(dsn_of(schema, settings), schema),
        size=settings.database_connections,
        statement_timeout=settings.statement_timeout,
    )
    await pool.open()
    stack.push_async_callback(pool.close)
    return pool


async def open_database(schema: str, settings: Settings, stack: AsyncExitStack) -> Database:
    """The connections that events use, likewise."""
    role = await role_to_take(dsn_of(schema, settings), schema)
    served: dict[str, Any] = {"server_settings": {"role": role}} if role else {}
    database = Database(dsn_of(schema, settings), **served)
    stack.push_async_callback(database.close)
    return await database.open()


def running_broker(settings: Settings, database: Database) -> AbstractAsyncContextManager[Broker]:
    """The broker for as long as the context lasts: Kafka where it is configured, else one in `database`."""
    if settings.kafka is None:
        return PostgresBroker(database).running()
    from telerehab.events.brokers.kafka import KafkaBroker, cluster_of  # its import takes a while

    return KafkaBroker(cluster_of(settings)).running()


def neighbours_of(settings: Settings) -> Neighbours:
    """The other services where they are configured to be, waited for as long as configured."""
    return Neighbours(
        {name: settings.of(name).grpc for name in SERVICES},
        Patience(settings.neighbour_timeout, settings.forward_timeout),
        certificates_of(settings),
    )


async def event_key(pool: Pool) -> bytes:
    """The key of the hashes that order events."""
    row = await pool.fetchrow(EVENT_KEY)
    assert row is not None
    return bytes(row[0])


def dsn_of(schema: str, settings: Settings) -> str:
    """The database of one service or the gateway, which whoever runs us has seen to."""
    url = settings.of(schema).database_url
    assert url is not None
    return url.get_secret_value()
