"""The gRPC server of one service: the engine's contract, the service's own, health and reflection.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from telerehab.observability import Metrics
from telerehab.pb.telerehab.fhir.v1 import engine_pb2_grpc
from telerehab.pb.telerehab.fhir.v1.engine_pb2 import DESCRIPTOR
from telerehab.rpc.channel import SIZES
from telerehab.rpc.credentials import Certificates
from telerehab.rpc.interceptors import MOST_CALLS, Surround

ENGINE_SERVICE = DESCRIPTOR.services_by_name["EngineService"].full_name
_OPTIONS = (
    *SIZES,
    ("grpc.so_reuseport", 0),  # two servers on one port would each get half of the calls
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


class Registration(NamedTuple):
    """A servicer and how it is registered: full service name, servicer, the generated add_…_to_server."""

    name: str
    servicer: Any
    add: Callable[[Any, grpc.aio.Server], None]


def engine_registration(servicer: engine_pb2_grpc.EngineServiceServicer) -> Registration:
    """The registration of the engine's generic contract."""
    return Registration(ENGINE_SERVICE, servicer, engine_pb2_grpc.add_EngineServiceServicer_to_server)


class RpcServer:
    """Serves gRPC for one service; `port` is known once started (0 asks for a free one).

    With `certificates` it takes calls over mutual TLS alone, and each method from those who may call it.
    `most` calls are answered at a time.
    """

    def __init__(
        self,
        service: str,
        registrations: Sequence[Registration],
        metrics: Metrics | None = None,
        certificates: Certificates | None = None,
        most: int = MOST_CALLS,
    ) -> None:
        self.port = 0
        self._health = health.aio.HealthServicer()
        self._names = ["", *(registration.name for registration in registrations)]
        self._certificates = certificates
        surround = Surround(service, metrics, known_callers=certificates is not None, most=most)
        self._server = grpc.aio.server(interceptors=[surround], options=_OPTIONS)
        for registration in registrations:
            registration.add(registration.servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflected = [*self._names[1:], health.SERVICE_NAME, reflection.SERVICE_NAME]
        reflection.enable_server_reflection(reflected, self._server)

    async def start(self, host: str, port: int) -> None:
        """Listen on host:port; RuntimeError if the port is taken."""
        address = f"{host}:{port}"
        self.port = (
            self._server.add_secure_port(address, self._certificates.of_server())
            if self._certificates
            else self._server.add_insecure_port(address)
        )
        await self._server.start()
        for name in self._names:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, seconds: float) -> None:
        """Report NOT_SERVING, take no new calls, give running ones `seconds`."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(seconds)
