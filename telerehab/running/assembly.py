"""Where services are put together: their own parts with a store, an engine, HTTP, gRPC and events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import entry_points

from telerehab.content import bring
from telerehab.engine import Engine
from telerehab.events.relay import outbox_notifier
from telerehab.events.running import running as running_events
from telerehab.fhir.definitions import resource_types
from telerehab.observability import Metrics, Probes
from telerehab.observability.asgi import App
from telerehab.owners import SERVICES
from telerehab.rpc.credentials import certificates_of
from telerehab.rpc.neighbours import Neighbours
from telerehab.rpc.server import Registration, RpcServer, engine_registration
from telerehab.rpc.servicer import EngineServicer
from telerehab.running.hosted import Hosted
from telerehab.running.opening import (
    dsn_of,
    event_key,
    neighbours_of,
    open_database,
    open_pool,
    running_broker,
)
from telerehab.running.timekeeper import keeping_time
from telerehab.server import handle
from telerehab.server.app import service_app
from telerehab.service import Service
from telerehab.settings import GATEWAY, Settings
from telerehab.store.migrate import migrate
from telerehab.store.pool import Pool
from telerehab.store.store import Store


def services() -> dict[str, Service]:
    """Every service there is, by name, found through the entry points of installed distributions."""
    return {point.name: point.load() for point in entry_points(group="telerehab.services")}


class Assembly:
    """Puts together the services of one process; those in it reach each other directly, the others by gRPC."""

    def __init__(self) -> None:
        self._neighbours: Neighbours | None = None
        self._open = 0
        self._apps: dict[str, App] = {}

    @asynccontextmanager
    async def open_service(self, name: str, settings: Settings) -> AsyncIterator[Hosted]:
        """Open a service or the gateway by name; leaving the context closes what it opened."""
        async with AsyncExitStack() as stack:
            neighbours = await stack.enter_async_context(self._reaching(settings))
            if name == GATEWAY:
                yield await self._open_gateway(settings, neighbours, stack)
            else:
                yield await self._open_owner(services()[name], settings, neighbours, stack)

    async def _open_owner(
        self, service: Service, settings: Settings, neighbours: Neighbours, stack: AsyncExitStack
    ) -> Hosted:
        own = settings.of(service.name)
        metrics = Metrics(service.name, service.types)
        probes = Probes(metrics)
        pool = await open_pool(service.name, settings, stack)
        engine = Engine(service, await Store.open(pool, service), neighbours, settings, await event_key(pool))
        await stack.enter_async_context(engine.store.aliases.kept_fresh())
        database = await open_database(service.name, settings, stack)
        broker = await stack.enter_async_context(running_broker(settings, database))
        await stack.enter_async_context(running_events(engine, database, broker, metrics=metrics))
        await bring(engine)
        await stack.enter_async_context(keeping_time(engine))
        servicer = EngineServicer(engine, handle)
        neighbours.seat(service.name, servicer)
        rpc = RpcServer(
            service.name,
            [engine_registration(servicer), *_own_servicer(engine)],
            metrics,
            certificates_of(settings),
        )
        await rpc.start(settings.host, own.grpc_port)
        stack.push_async_callback(rpc.stop, settings.stop_timeout)
        _watch(metrics, probes, pool)
        app = self._apps[service.name] = service_app(engine, metrics, probes)
        return Hosted(app, metrics, probes)

    async def _open_gateway(
        self, settings: Settings, neighbours: Neighbours, stack: AsyncExitStack
    ) -> Hosted:
        metrics = Metrics(GATEWAY, resource_types())
        probes = Probes(metrics)
        pool = await open_pool(GATEWAY, settings, stack)
        database = await open_database(GATEWAY, settings, stack)
        notifier = outbox_notifier(database)
        ringing = asyncio.create_task(notifier.run())
        stack.callback(ringing.cancel)
        (point,) = entry_points(group="telerehab.gateway")
        _watch(metrics, probes, pool)
        app = await stack.enter_async_context(
            point.load()(
                settings, neighbours, pool, notifier.ring, self._apps, _elsewhere(settings), metrics, probes
            )
        )
        return Hosted(app, metrics, probes)

    @asynccontextmanager
    async def _reaching(self, settings: Settings) -> AsyncIterator[Neighbours]:
        """The neighbours of this process: opened with its first service, closed with its last."""
        if self._neighbours is None:
            self._neighbours = neighbours_of(settings)
        self._open += 1
        try:
            yield self._neighbours
        finally:
            self._open -= 1
            if self._open == 0:
                neighbours, self._neighbours = self._neighbours, None
                await neighbours.close()


def initialise_database(settings: Settings) -> None:
    """Make roles, schemas and tables in the configured databases, or bring them up to date."""
    asyncio.run(prepare(settings))


async def prepare(settings: Settings) -> None:
    """As `initialise_database`; each database once."""
    configured = (settings.of(name).database_url for name in (GATEWAY, *SERVICES))
    for dsn in sorted({url.get_secret_value() for url in configured if url}):
        await migrate(dsn, list(services().values()))


def _elsewhere(settings: Settings) -> frozenset[str]:
    """The owners that keep their resources on another server than the gateway's commands are on."""
    here = dsn_of(GATEWAY, settings)
    urls = {name: settings.of(name).database_url for name in SERVICES}
    return frozenset(name for name, url in urls.items() if url and url.get_secret_value() != here)


def _own_servicer(engine: Engine) -> list[Registration]:
    return [engine.service.servicer(engine)] if engine.service.servicer else []


def _watch(metrics: Metrics, probes: Probes, pool: Pool) -> None:
    metrics.gauge("database_connections_in_use", "Connections handed out", lambda: pool.in_use)
    metrics.gauge("database_connections_awaited", "Work that waits for a connection", lambda: pool.waiting)
    probes.checks["database"] = lambda: pool.fetch("SELECT 1")
