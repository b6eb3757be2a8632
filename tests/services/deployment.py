"""All services and the gateway on one database: in this process over direct calls, or over real ports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import uvicorn

from services.exercise_prescription.service import service as exercise_prescription
from services.gateway.app import gateway_app
from services.outcomes.service import service as outcomes
from services.records.service import service as records
from services.scheduling.service import service as scheduling
from services.session.service import service as session
from telerehab.engine import BASE_PATH, Engine
from telerehab.observability import Metrics, Probes
from telerehab.rpc.neighbours import Neighbours
from telerehab.rpc.server import RpcServer, engine_registration
from telerehab.rpc.servicer import EngineServicer
from telerehab.server import handle
from telerehab.server.app import service_app
from telerehab.service import Service
from telerehab.settings import ServiceVariables, Settings
from telerehab.store.pool import Pool
from telerehab.store.store import Store

SERVICES = (records, scheduling, session, exercise_prescription, outcomes)
PUBLIC = "https://hospital.example"
BASE = f"{PUBLIC}{BASE_PATH}"

Mode = Literal["direct", "grpc"]


@dataclass
class Deployment:
    """A deployment under test: its gateway and a client of it, its engines, the relays woken, how to stop one."""

    client: httpx.AsyncClient
    engines: dict[str, Engine]
    neighbours: Neighbours
    dsn: str
    app: Any
    woken: list[str] = field(default_factory=list)
    servers: dict[str, tuple[RpcServer, uvicorn.Server]] = field(default_factory=dict)

    async def stop(self, name: str) -> None:
        """Take one service down, its gRPC port and its HTTP port."""
        rpc, http = self.servers[name]
        await rpc.stop(0)
        http.should_exit = True
        while http.started and http.servers:
            await asyncio.sleep(0)  # the loop's turns, until uvicorn has closed its sockets
            http.started = bool(http.servers[0].sockets)

    async def counts(self) -> dict[str, int]:
        """How many rows each table of records that matters has, over all schemas."""
        counted = {}
        for name, engine in self.engines.items():
            for table in ("resource", "history", "outbox", "audit", "counter"):
                rows = await engine.store.pool.fetch(f"SELECT count(*) FROM {table}")
                counted[f"{name}.{table}"] = rows[0][0]
        return counted


@asynccontextmanager
async def deployed(
    dsn: str,
    mode: Mode,
    elsewhere: frozenset[str] = frozenset(),
    services: Sequence[Service] = SERVICES,
) -> AsyncIterator[Deployment]:
    """Everything started on the migrated database `dsn`; closed at the end."""
    async with AsyncExitStack() as stack:
        neighbours = await stack.enter_async_context(Neighbours({}))
        settings = Settings(public_url=PUBLIC, token_wait=30)
        engines = {
            service.name: await _engine(service, dsn, neighbours, settings, stack) for service in services
        }
        servers: dict[str, tuple[RpcServer, uvicorn.Server]] = {}
        apps: dict[str, Any] = {}
        for name, engine in engines.items():
            servicer = EngineServicer(engine, handle)
            metrics = Metrics(name, engine.service.types)
            app = service_app(engine, metrics, Probes(metrics))
            if mode == "direct":
                neighbours.seat(name, servicer)
                apps[name] = app
            else:
                rpc = RpcServer(name, [engine_registration(servicer)], metrics)
                await rpc.start("127.0.0.1", 0)
                stack.push_async_callback(rpc.stop, 0)
                http, url = await _http(app, stack)
                servers[name] = (rpc, http)
                settings = _reachable(settings, name, url, f"127.0.0.1:{rpc.port}")
        if mode == "grpc":
            neighbours = await stack.enter_async_context(
                Neighbours({name: settings.of(name).grpc for name in engines})
            )
            for engine in engines.values():
                engine.neighbours = neighbours
        pool = Pool(dsn, schema="gateway", size=8)
        stack.push_async_callback(pool.close)
        woken: list[str] = []
        metrics = Metrics("gateway")
        app = await stack.enter_async_context(
            gateway_app(settings, neighbours, pool, woken.append, apps, elsewhere, metrics, Probes(metrics))
        )
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{BASE}/", timeout=60)
        )
        yield Deployment(client, engines, neighbours, dsn, app, woken, servers)


async def _engine(
    service: Service, dsn: str, neighbours: Neighbours, settings: Settings, stack: AsyncExitStack
) -> Engine:
    pool = Pool(dsn, schema=service.name, size=4)
    await pool.open()
    stack.push_async_callback(pool.close)
    return Engine(service, await Store.open(pool, service), neighbours, settings, b"secret of the tests")


async def _http(app: Any, stack: AsyncExitStack) -> tuple[uvicorn.Server, str]:
    # asyncio sends small segments at once only on sockets that say they are TCP
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listening]))

    async def stop() -> None:
        server.should_exit = True
        await serving

    stack.push_async_callback(stop)
    return server, f"http://127.0.0.1:{listening.getsockname()[1]}"


def _reachable(settings: Settings, name: str, url: str, grpc: str) -> Settings:
    variables = ServiceVariables(url=url, grpc=grpc)
    return settings.model_copy(update={"services": {**settings.services, name: variables}})
