"""Services in this process: each with its own HTTP port, in one event loop, started together, drained at the end.

https://uvicorn.dev/settings/
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn

from telerehab.observability.logs import Log
from telerehab.observability.loop_lag import watch_loop
from telerehab.observability.metrics import Metrics
from telerehab.running.hosted import Hosted, OpenService
from telerehab.running.http_protocol import BoundedHttp
from telerehab.settings import Settings

KEEP_ALIVE_SECONDS = 75  # longer than the usual 60 of a load balancer, which must be the one to close

_log = Log(__name__)


class PortTaken(RuntimeError):
    """A port can't be listened on; the message names it."""


async def host(
    names: Sequence[str],
    settings: Settings,
    open_service: OpenService,
    *,
    stop: asyncio.Event,
    ready: Callable[[], None],
    delay: Callable[[], float] = lambda: 0.0,
) -> None:
    """Run the named services until `stop` is set; `ready` is called once when all of them answer.

    From then on they are not ready, yet serve for `delay` seconds more, each answer the last on its connection.

    Raises `PortTaken`, and whatever stops a service from starting; the others are then stopped as well.
    """
    with contextlib.ExitStack() as listening:
        sockets = {name: listening.enter_context(_listen(settings, name)) for name in names}
        waiting = set(names)
        lag: list[Metrics] = []

        def is_ready(name: str, hosted: Hosted) -> None:
            hosted.probes.ready = True
            lag.append(hosted.metrics)
            waiting.discard(name)
            if not waiting:
                ready()

        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch_loop(lambda lag_now: _note(lag, lag_now)))
            hosting = [
                group.create_task(
                    _host_one(name, settings, open_service, sockets[name], stop, is_ready, delay)
                )
                for name in names
            ]
            await asyncio.wait(hosting)
            watching.cancel()


async def _host_one(
    name: str,
    settings: Settings,
    open_service: OpenService,
    listening: socket.socket,
    stop: asyncio.Event,
    is_ready: Callable[[str, Hosted], None],
    delay: Callable[[], float],
) -> None:
    async with open_service(name, settings) as hosted:
        server = _Server(_configuration(hosted, settings))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await server.listening.wait()
            is_ready(name, hosted)
            _log.info("service.ready", service=name, port=listening.getsockname()[1])
            await stop.wait()
            hosted.probes.ready = False
            server.last_answers()
            await asyncio.sleep(delay())
        finally:
            hosted.probes.ready = False
            server.should_exit = True
            await serving
    _log.info("service.stopped", service=name)


def _configuration(hosted: Hosted, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        hosted.app,
        http=BoundedHttp,
        ws="none",
        lifespan="off",  # what a service needs is opened and closed by `open_service`
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=round(settings.stop_timeout),
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def last_answers(self) -> None:
        """Close each connection with the answer to its next request, so that none is closed while a request comes."""
        closing = (b"connection", b"close")
        self.config.encoded_headers = [*self.config.encoded_headers, closing]
        self.server_state.default_headers = [*self.server_state.default_headers, closing]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals stop the process as a whole, not one of its servers


def _listen(settings: Settings, name: str) -> socket.socket:
    port = settings.of(name).port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, port), family=family, backlog=2048)
    except OSError as error:
        raise PortTaken(
            f"Port {port} on {settings.host}, for {name}, can't be listened on: {error.strerror}. "
            "Stop what uses it, or choose others with TELEREHAB_PORT."
        ) from None


def _note(metrics: Sequence[Metrics], lag: float) -> None:
    for each in metrics:
        each.loop_lag.set(lag)
