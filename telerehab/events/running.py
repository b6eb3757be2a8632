"""A service's events at work: its relay, its consumers, and the waiting for positions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from telerehab.aliases import is_alias_event
from telerehab.events import position
from telerehab.events.brokers.broker import Broker
from telerehab.events.consumer import Consumer, consumers_of, lag_of
from telerehab.events.inbox import Inbox
from telerehab.events.keeping import Keeping
from telerehab.events.measured import EventMetrics
from telerehab.events.position import Waited
from telerehab.events.relay import Relay
from telerehab.events.retrying import Patience

if TYPE_CHECKING:
    from telerehab.engine import Engine
    from telerehab.observability import Metrics


class ServiceEvents:
    """The events of one service while they run; see `running`."""

    def __init__(
        self,
        engine: Engine,
        database: Keeping,
        broker: Broker,
        patience: Patience | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        name = engine.service.name
        self._database = database
        self._broker = broker
        self.service = engine.service
        self._aliases = engine.store.aliases
        self._token_wait = engine.settings.token_wait
        self.inbox = Inbox(database, name)
        self.letters = database.letters(name)
        self._measured = EventMetrics(engine.service, metrics)
        self.relay = Relay(database, name, broker, relayed=self._measured.relayed)
        self.consumers = consumers_of(
            engine, database, broker, self.inbox, measured=self._measured, patience=patience
        )

    async def keep_measuring(self) -> None:
        """Bring the metrics of what waits up to date, until cancelled."""
        await self._measured.keep_sampling(
            self._database, self.letters, lambda: lag_of(self.service, self._broker)
        )

    async def wait(self, token: str) -> Waited:
        """Wait until this service's handlers have taken the events of a position token; see `position.wait`.

        Where another process took an event that joins or parts Patients, this one then knows of it too.
        """
        waited = await position.wait(self.service, self.inbox, self.letters, token, self._token_wait)
        if any(is_alias_event(type_) for type_, _ in position.events_of(token)):
            await self._aliases.refresh()
        return waited


@asynccontextmanager
async def running(
    engine: Engine,
    database: Keeping,
    broker: Broker,
    *,
    patience: Patience | None = None,
    metrics: Metrics | None = None,
) -> AsyncIterator[ServiceEvents]:
    """Relay what the service says and have its handlers take what they hear; at the end, stop gracefully.

    Sets the engine's `after_commit` and `wait_for`.
    """
    await database.open()
    events = ServiceEvents(engine, database, broker, patience, metrics)
    engine.after_commit = events.relay.after_commit
    engine.wait_for = events.wait
    workers: list[Relay | Consumer] = [events.relay, *events.consumers]
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    measuring = asyncio.create_task(events.keep_measuring())
    try:
        yield events
    finally:
        measuring.cancel()
        for worker in workers:
            worker.stop()
        await asyncio.gather(*tasks)
