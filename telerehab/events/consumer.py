"""The consumer: reads the topics a service's handlers hear, and has each handler take its events once in effect.

fetch -> for each handler, in its lane: wait behind what failed before, or take, or fail -> move the position
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from telerehab.event import Handler
from telerehab.events.backoff import OUTAGE
from telerehab.events.brokers.broker import Broker, Delivery, Lag, Reader, Unavailable
from telerehab.events.catalogue import is_safety, topics_heard
from telerehab.events.cloud_event import type_of
from telerehab.events.database import is_outage
from telerehab.events.dead_letter import lane_of
from telerehab.events.handling import Outage, take
from telerehab.events.inbox import Inbox
from telerehab.events.keeping import Keeping
from telerehab.events.lanes import Lanes
from telerehab.events.measured import EventMetrics
from telerehab.events.progress import Progress
from telerehab.events.retrying import Patience, Retrying
from telerehab.observability.logs import Log
from telerehab.service import Service

if TYPE_CHECKING:
    from telerehab.engine import Engine

log = Log(__name__)

T = TypeVar("T")

BATCH = 200
MOST_UNDER_WAY = 500
ABREAST = 8
COMMIT_SECONDS = 0.05


class Consumer:
    """One group's reading of its topics for some handlers of one service; `run` it until `stop`."""

    def __init__(
        self,
        engine: Engine,
        database: Keeping,
        broker: Broker,
        inbox: Inbox,
        *,
        group: str,
        handlers: Sequence[Handler],
        measured: EventMetrics | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._inbox = inbox
        self._group = group
        self._handlers = handlers
        self._letters = database.letters(engine.service.name)
        by_name = {handler.name: handler for handler in handlers}
        self._measured = measured or EventMetrics(engine.service)
        self._retrying = Retrying(
            engine, database, inbox, self._letters, by_name, patience or Patience(), self._measured
        )
        self._blocked: set[tuple[str, bytes]] = set()
        self._generation = -1
        self._lanes = Lanes(ABREAST)
        self._progress = Progress(MOST_UNDER_WAY)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Read until `stop`; survives outages of database and broker."""
        reader = await self._broker.reader(self._group, sorted(topics_heard(self._handlers)))
        beside = [
            asyncio.create_task(self._retrying.run()),
            asyncio.create_task(self._commit_positions(reader)),
        ]
        reading = asyncio.create_task(self._read(reader))
        try:
            await self._stopping.wait()
            reading.cancel()
            self._retrying.stop()
            await self._lanes.stop()
            await beside[0]
            await self._finish(reader)
        finally:
            self._lanes.cancel()
            for task in (reading, *beside):
                task.cancel()
            await asyncio.gather(reading, *beside, return_exceptions=True)

    def stop(self) -> None:
        """End after the events at hand, and leave the group."""
        self._stopping.set()

    async def _read(self, reader: Reader) -> None:
        while True:
            await self._progress.room()
            deliveries = await self._until_done(partial(reader.fetch, BATCH))
            if reader.generation != self._generation:
                self._blocked.update(await self._until_done(self._letters.blocked))  # some fail meanwhile
                self._generation = reader.generation
            for delivery in deliveries:
                self._begin(delivery)

    async def _until_done(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again and again while the broker or the database is out."""
        failures = 0
        while True:
            try:
                return await ask()
            except Exception as error:
                if not isinstance(error, Unavailable) and not is_outage(error):
                    log.error("consumer.failed", error, service=self._group)
                failures += 1
                await asyncio.sleep(OUTAGE.seconds(failures))

    def _begin(self, delivery: Delivery) -> None:
        if not self._progress.begin(delivery):
            return
        handlers = [handler for handler in self._handlers if handler.event_type == type_of(delivery.record)]
        if not handlers:
            self._progress.done(delivery)
            return
        left = len(handlers)

        def one_done() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self._progress.done(delivery)

        for handler in handlers:
            lane = (handler.name, lane_of(delivery.record))
            self._lanes.add(lane, partial(self._handle, handler, delivery, one_done))

    async def _handle(self, handler: Handler, delivery: Delivery, done: Callable[[], None]) -> None:
        """Bring one event to where it will be taken, whatever it takes."""
        failures = 0
        while not self._stopping.is_set():
            try:
                await self._handle_once(handler, delivery)
            except Exception as error:
                if not isinstance(error, Outage) and not is_outage(error):
                    log.error("consumer.failed", error, service=self._group, handler=handler.name)
                failures += 1
                await asyncio.sleep(OUTAGE.seconds(failures))
            else:
                done()
                return

    async def _handle_once(self, handler: Handler, delivery: Delivery) -> None:
        record = delivery.record
        lane = (handler.name, lane_of(record))
        if lane in self._blocked:
            if await self._letters.wait_behind(handler.name, record):
                return
            self._blocked.discard(lane)
        try:
            await take(self._engine, self._inbox, handler, record)
            self._inbox.grew()
            self._measured.took(handler.name, record)
        except Outage:
            raise
        except Exception as error:
            self._blocked.add(lane)
            await self._retrying.failed(handler, record, error)

    async def _commit_positions(self, reader: Reader) -> None:
        while True:
            await self._progress.moved.wait()
            await asyncio.sleep(COMMIT_SECONDS)
            await self._until_done(lambda: reader.commit(self._progress.positions()))

    async def _finish(self, reader: Reader) -> None:
        try:
            try:
                await reader.commit(self._progress.positions())
            finally:
                await reader.close()
        except Unavailable as error:
            log.warning("consumer.not_left", error, service=self._group)


def consumers_of(
    engine: Engine,
    database: Keeping,
    broker: Broker,
    inbox: Inbox,
    *,
    measured: EventMetrics | None = None,
    patience: Patience | None = None,
) -> list[Consumer]:
    """The consumers of a service: safety events have one of their own, so that nothing else can hold them up."""
    return [
        Consumer(
            engine,
            database,
            broker,
            inbox,
            group=group,
            handlers=handlers,
            measured=measured,
            patience=patience,
        )
        for group, handlers in groups_of(engine.service).items()
    ]


def groups_of(service: Service) -> dict[str, list[Handler]]:
    """The groups in which a service reads, by name, with the handlers of each."""
    safety = [handler for handler in service.hears if is_safety(handler.event_type)]
    others = [handler for handler in service.hears if not is_safety(handler.event_type)]
    groups = {service.name: others, f"{service.name}.safety": safety}
    return {group: handlers for group, handlers in groups.items() if handlers}


async def lag_of(service: Service, broker: Broker) -> list[Lag]:
    """How far each of the service's groups is behind, per partition; raises Unavailable."""
    return [
        lag
        for group, handlers in groups_of(service).items()
        for lag in await broker.lag(group, sorted(topics_heard(handlers)))
    ]
