"""A service's events as an operator's command finds them, whether or not the service runs at the moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from telerehab.engine import Engine
from telerehab.event import Handler
from telerehab.events.brokers.broker import Broker, Lag
from telerehab.events.consumer import lag_of
from telerehab.events.database import Database
from telerehab.events.dead_letter import DeadLetters
from telerehab.events.rebuild import rebuild
from telerehab.running.assembly import services
from telerehab.running.database import database
from telerehab.running.opening import event_key, neighbours_of, open_database, open_pool, running_broker
from telerehab.service import Service
from telerehab.settings import Settings
from telerehab.store import embedded
from telerehab.store.leftover import is_running
from telerehab.store.store import Store


@dataclass(frozen=True, slots=True)
class ServiceAtHand:
    """One service's events; use `events_at_hand`."""

    service: Service
    database: Database
    broker: Broker
    settings: Settings

    @property
    def letters(self) -> DeadLetters:
        """Its dead letters."""
        return DeadLetters(self.database, self.service.name)

    async def lag(self) -> list[Lag]:
        """How far each of its groups is behind, per partition; raises Unavailable."""
        return await lag_of(self.service, self.broker)

    async def rebuild(self, handler: Handler) -> int:
        """Have a handler take all its events again; how many were read. See `telerehab.events.rebuild`."""
        name = self.service.name
        async with AsyncExitStack() as stack:
            pool = await open_pool(name, self.settings, stack)
            neighbours = neighbours_of(self.settings)
            stack.push_async_callback(neighbours.close)
            store = await Store.open(pool, self.service)
            engine = Engine(self.service, store, neighbours, self.settings, await event_key(pool))
            return await rebuild(engine, self.database, self.broker, handler)


@asynccontextmanager
async def events_at_hand(names: Sequence[str], settings: Settings) -> AsyncIterator[list[ServiceAtHand]]:
    """The events of these services, in the database that is configured or the embedded one."""
    async with AsyncExitStack() as stack:
        reached = await _with_database(names, settings, stack)
        at_hand = []
        for name in names:
            opened = await open_database(name, reached, stack)
            broker = await stack.enter_async_context(running_broker(reached, opened))
            at_hand.append(ServiceAtHand(services()[name], opened, broker, reached))
        yield at_hand


async def _with_database(names: Sequence[str], settings: Settings, stack: AsyncExitStack) -> Settings:
    """If the embedded server runs, as the platform is up, that one; else it is started for us."""
    if all(settings.of(name).database_url for name in names):
        return settings
    if is_running((settings.data / "postgres").resolve()):
        return settings.model_copy(update={"database_url": SecretStr(embedded.dsn_of(settings.data))})
    reached, _ = await stack.enter_async_context(database(names, settings))
    return reached
