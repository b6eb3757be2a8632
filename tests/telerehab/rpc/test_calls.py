"""A FhirError is the same on both sides of a gRPC call; what gRPC itself reports becomes one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from telerehab.access import Caller
from telerehab.fhir.outcome import FhirError, Issue, busy, gone, not_allowed, unavailable
from telerehab.observability import Metrics, Request, current_request, working_on
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.pb.telerehab.fhir.v1.engine_pb2_grpc import EngineServiceServicer
from telerehab.rpc.channel import open_channel
from telerehab.rpc.deadlines import Patience, remaining, within
from telerehab.rpc.neighbours import Neighbours
from telerehab.rpc.owner import Direct, Owner, Remote
from telerehab.rpc.server import ENGINE_SERVICE, RpcServer, engine_registration
from telerehab.rpc.status import MAX_ISSUES, code_of

CALLER = Caller("test")
Ids = Callable[[str], Awaitable[list[str]]]


class Answering(EngineServiceServicer):
    """Answers `Ids` with whatever a test wants."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids

    async def Ids(self, request: pb.IdsRequest, context: Any) -> pb.IdsResponse:
        return pb.IdsResponse(ids=await self.ids(request.query))


@asynccontextmanager
async def serving(ids: Ids, metrics: Metrics | None = None) -> AsyncIterator[tuple[Owner, RpcServer]]:
    server = RpcServer("records", [engine_registration(Answering(ids))], metrics)
    await server.start("127.0.0.1", 0)
    channel = open_channel(f"127.0.0.1:{server.port}")
    yield Owner("records", Remote("records", channel)), server
    await channel.close()
    await server.stop(0)


async def asked(owner: Owner) -> int:
    """The HTTP status of a question."""
    try:
        await owner.ids("Patient?", CALLER)
    except FhirError as error:
        return error.status
    return 200


async def failing(error: Exception) -> list[str]:
    raise error


@pytest.mark.parametrize(
    "error",
    [
        busy(),
        gone("Patient", "1"),
        not_allowed("PUT", ["GET"]),
        unavailable("The database is away."),
        FhirError(418, [Issue("processing", "ä ü \n €", "Patient.name", "warning"), Issue("value", "b")]),
    ],
)
async def test_an_error_arrives_as_it_was(error: FhirError) -> None:
    async def ids(query: str) -> list[str]:
        return await failing(error)

    async with serving(ids) as (remote, _):
        for owner in (remote, Owner("records", Direct(Answering(ids)))):
            with pytest.raises(FhirError) as caught:
                await owner.ids("Patient?", CALLER)
            assert (caught.value.status, caught.value.issues, caught.value.headers) == (
                error.status,
                error.issues,
                error.headers,
            )


async def test_very_many_issues_are_cut_short() -> None:
    async def ids(query: str) -> list[str]:
        return await failing(
            FhirError(400, [Issue("value", "ä" * 2000, f"Bundle.entry[{n}]") for n in range(5000)])
        )

    async with serving(ids) as (owner, _):
        with pytest.raises(FhirError) as caught:
            await owner.ids("Patient?", CALLER)
    assert caught.value.status == 400
    assert 10 < len(caught.value.issues) <= MAX_ISSUES + 1
    assert "more issues" in caught.value.issues[-1].diagnostics


async def test_a_bug_tells_nothing_but_the_request() -> None:
    async def ids(query: str) -> list[str]:
        return await failing(ValueError("secret of a patient"))

    async with serving(ids) as (owner, _):
        with working_on(Request("test", "request-7")), pytest.raises(FhirError) as caught:
            await owner.ids("Patient?", CALLER)
    assert caught.value.status == 500
    assert "request-7" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_request_and_trace_are_carried_on() -> None:
    seen: list[Request | None] = []

    async def ids(query: str) -> list[str]:
        seen.append(current_request())
        return []

    async with serving(ids) as (owner, _):
        with working_on(Request("test", "request-8")) as request:
            await owner.ids("Patient?", CALLER)
    (inside,) = seen
    assert inside is not None
    assert (inside.id, inside.trace.trace_id, inside.service) == (
        "request-8",
        request.trace.trace_id,
        "records",
    )


async def test_the_time_left_is_carried_on_and_holds() -> None:
    left: list[float] = []

    async def ids(query: str) -> list[str]:
        left.append(remaining())
        if query == "slow":
            await asyncio.Event().wait()
        return []

    async with serving(ids) as (remote, _):
        for owner in (remote, Owner("records", Direct(Answering(ids)))):
            with within(4):
                await owner.ids("Patient?", CALLER)
            assert 3 < left.pop() <= 4.1  # gRPC rounds what it carries up
            with within(0.1), pytest.raises(FhirError) as caught:
                await owner.ids("slow", CALLER)
            assert caught.value.status == 504
            with within(0), pytest.raises(FhirError) as caught:
                await owner.ids("Patient?", CALLER)
            assert caught.value.status == 504


async def test_an_owner_that_does_not_answer_is_asked_once_in_a_request() -> None:
    asked: list[str] = []

    async def ids(query: str) -> list[str]:
        asked.append(query)
        await asyncio.Event().wait()
        return []

    patience = Patience(question=2.0, request=2.0)  # enough to reach it, however busy
    async with (
        serving(ids) as (_, server),
        Neighbours({"records": f"127.0.0.1:{server.port}"}, patience) as remote,
    ):
        direct = Owner("records", Direct(Answering(ids)), patience)
        for owner in (remote.owner("records"), direct):
            with within(60):
                for _ in range(3):
                    with pytest.raises(FhirError) as caught:
                        await owner.ids("Patient?", CALLER)
                    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "2")
                    assert "'records'" in str(caught.value)
    assert len(asked) == 2


async def test_what_may_have_been_written_is_not_told_as_undone() -> None:
    class Frozen(EngineServiceServicer):
        async def Handle(self, request: pb.HandleRequest, context: Any) -> pb.HandleResponse:
            await asyncio.Event().wait()
            return pb.HandleResponse()

    owner = Owner("records", Direct(Frozen()), Patience(question=0.1, request=0.1))
    statuses = {}
    for method, path in (("GET", ["Patient"]), ("POST", ["Patient", "_search"]), ("POST", ["Patient"])):
        with pytest.raises(FhirError) as caught:
            await owner.handle(pb.HandleRequest(method=method, path=path))
        statuses[method, *path] = caught.value.status
    assert list(statuses.values()) == [503, 503, 504]


async def test_an_owner_that_is_down_is_unavailable_and_comes_back() -> None:
    async def ids(query: str) -> list[str]:
        return ["1"]

    async with serving(ids) as (owner, server):
        assert await owner.ids("Patient?", CALLER) == ["1"]
        await server.stop(0)
        with pytest.raises(FhirError) as caught:
            await owner.ids("Patient?", CALLER)
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "2")
        again = RpcServer("records", [engine_registration(Answering(ids))])
        await again.start("127.0.0.1", server.port)
        async with asyncio.timeout(20):
            while await asked(owner) == 503:
                pass
        assert await owner.ids("Patient?", CALLER) == ["1"]
        await again.stop(0)


async def test_a_port_that_is_taken_is_an_error() -> None:
    async def ids(query: str) -> list[str]:
        return []

    async with serving(ids) as (_, server):
        with pytest.raises(RuntimeError):
            await RpcServer("other", []).start("127.0.0.1", server.port)


async def test_large_messages_pass() -> None:
    async def ids(query: str) -> list[str]:
        return [query]

    query = "Patient?" + "x" * 20_000_000
    async with serving(ids) as (owner, _):
        assert await owner.ids(query, CALLER) == [query]


async def test_health_and_reflection_answer() -> None:
    async def ids(query: str) -> list[str]:
        return []

    async with serving(ids) as (_, server), grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", ENGINE_SERVICE):
            status = (await health.Check(health_pb2.HealthCheckRequest(service=name))).status
            assert status == health_pb2.HealthCheckResponse.SERVING
        known = await asyncio.to_thread(_reflected, server.port)
    assert {ENGINE_SERVICE, "grpc.health.v1.Health"} <= known


def _reflected(port: int) -> set[str]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return set(ProtoReflectionDescriptorDatabase(channel).get_services())


async def test_calls_are_counted() -> None:
    async def ids(query: str) -> list[str]:
        return await failing(busy()) if query == "busy" else []

    metrics = Metrics("records")
    async with serving(ids, metrics) as (owner, _):
        await owner.ids("fine", CALLER)
        with pytest.raises(FhirError):
            await owner.ids("busy", CALLER)
    exposed = metrics.exposition().decode()
    method = f'method="/{ENGINE_SERVICE}/Ids"'
    assert f'telerehab_rpc_calls_total{{code="OK",{method}}} 1.0' in exposed
    assert f'telerehab_rpc_calls_total{{code="ABORTED",{method}}} 1.0' in exposed


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "INVALID_ARGUMENT"), (404, "NOT_FOUND"), (418, "INVALID_ARGUMENT"), (599, "INTERNAL")],
)
def test_http_status_has_a_grpc_code(status: int, code: str) -> None:
    assert code_of(status).name == code


async def test_neighbours_are_known_by_type() -> None:
    async def ids(query: str) -> list[str]:
        return []

    async with Neighbours({"session": "127.0.0.1:1"}) as neighbours:
        neighbours.seat("records", Answering(ids))
        assert neighbours.owner_of("Patient").name == "records"
        assert await neighbours.owner_of("Patient").ids("Patient?", CALLER) == []
        with pytest.raises(FhirError) as caught:
            await neighbours.read("Encounter/1", CALLER)
        assert caught.value.status == 503
        with pytest.raises(KeyError):
            neighbours.owner("nobody")


async def test_calls_beyond_the_bound_are_refused_at_once_and_calls_are_timed() -> None:
    answering, release = asyncio.Event(), asyncio.Event()

    async def ids(query: str) -> list[str]:
        answering.set()
        await release.wait()
        return []

    metrics = Metrics("records")
    server = RpcServer("records", [engine_registration(Answering(ids))], metrics, most=1)
    await server.start("127.0.0.1", 0)
    channel = open_channel(f"127.0.0.1:{server.port}")
    owner = Owner("records", Remote("records", channel), Patience(60.0, 60.0))
    first = asyncio.create_task(owner.ids("Patient?", CALLER))
    await answering.wait()
    with pytest.raises(FhirError) as caught:
        await owner.ids("Patient?", CALLER)
    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "2")
    assert "telerehab_rpc_calls_in_progress 1.0" in metrics.exposition().decode()
    release.set()
    assert await first == []
    assert 'telerehab_rpc_seconds_count{method="/telerehab.fhir.v1.EngineService/Ids"} 1.0' in (
        metrics.exposition().decode()
    )
    await channel.close()
    await server.stop(0)
