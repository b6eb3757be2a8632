"""Rebuilding: a handler that keeps a projection takes all its events again, from the very beginning."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from telerehab.event import Handler
from telerehab.events.brokers.broker import Broker
from telerehab.events.catalogue import topics_heard
from telerehab.events.consumer import Consumer
from telerehab.events.database import Database
from telerehab.events.inbox import Inbox

if TYPE_CHECKING:
    from telerehab.engine import Engine

LOOK_SECONDS = 0.1


async def rebuild(engine: Engine, database: Database, broker: Broker, handler: Handler) -> int:
    """Forget what `handler` has taken, have it take everything said until now; how many events were read.

    The service may run meanwhile: the handler compares versions. If it is interrupted, run it again. Raises
    ValueError for a reaction, which must never happen twice.
    """
    if not handler.rebuilds:
        raise ValueError(f"{handler.name} is a reaction, not a projection: it cannot be run again")
    name = engine.service.name
    group = f"{name}.rebuild.{handler.name}"
    topics = sorted(topics_heard([handler]))
    await broker.rewind(group, topics)
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(f'DELETE FROM "{name}".inbox WHERE handler = $1', handler.name)
        await connection.execute(f'DELETE FROM "{name}".dead_letter WHERE handler = $1', handler.name)
    ends = {lag.partition: lag.end for lag in await broker.lag(group, topics)}
    consumer = Consumer(engine, database, broker, Inbox(database, name), group=group, handlers=[handler])
    running = asyncio.create_task(consumer.run())
    try:
        while not running.done():
            now = {lag.partition: lag.position for lag in await broker.lag(group, topics)}
            if all(now.get(partition, 0) >= end for partition, end in ends.items()):
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(running), LOOK_SECONDS)
    finally:
        consumer.stop()
        await running
    return sum(ends.values())
