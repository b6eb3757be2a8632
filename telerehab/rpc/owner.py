"""One owner as others see it: typed questions to its engine, whether it is in this process or elsewhere.

https://grpc.io/docs/languages/python/basics/
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message
from grpc.aio import AioRpcError, Channel

from telerehab.access import Caller
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.pb.telerehab.fhir.v1.engine_pb2_grpc import EngineServiceServicer, EngineServiceStub
from telerehab.resource import Resource
from telerehab.rpc.deadlines import remaining
from telerehab.rpc.encoding import decode_resource, encode_caller
from telerehab.rpc.interceptors import outgoing_metadata
from telerehab.rpc.status import deadline_exceeded, fhir_error

M = TypeVar("M", bound=Message)


class Connection(Protocol):
    """Carries one call of EngineService to an owner; raises FhirError."""

    async def call(self, method: str, request: Message) -> Any: ...


class Direct:
    """An owner in this process: its servicer is called as it is, nothing is serialised."""

    def __init__(self, servicer: EngineServiceServicer) -> None:
        self._servicer = servicer

    async def call(self, method: str, request: Message) -> Any:
        try:
            async with asyncio.timeout(remaining()):
                return await getattr(self._servicer, method)(request, None)
        except TimeoutError:
            raise deadline_exceeded() from None


class Remote:
    """An owner behind a gRPC channel."""

    def __init__(self, owner: str, channel: Channel) -> None:
        self._owner = owner
        self._stub = EngineServiceStub(channel)  # type: ignore[no-untyped-call]

    async def call(self, method: str, request: Message) -> Any:
        try:
            return await getattr(self._stub, method)(
                request, timeout=remaining(), metadata=outgoing_metadata()
            )
        except AioRpcError as error:
            raise fhir_error(error, self._owner) from None


class Owner:
    """Questions and commands to the service `name`; each raises FhirError: the owner's, 503 if it is down, 504."""

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self._connection = connection

    async def read(self, references: Sequence[str], caller: Caller) -> list[Resource]:
        """The live resources among "Type/id" and the versions among "Type/id/_history/n", in no order."""
        request = pb.ReadRequest(caller=encode_caller(caller), references=references)
        response: pb.ReadResponse = await self._connection.call("Read", request)
        return [decode_resource(resource) for resource in response.resources]

    async def search(self, query: str, caller: Caller, cursor: str = "") -> pb.SearchResponse:
        """One page of a search written as in a URL."""
        request = pb.SearchRequest(caller=encode_caller(caller), query=query, cursor=cursor)
        response: pb.SearchResponse = await self._connection.call("Search", request)
        return response

    async def ids(self, query: str, caller: Caller) -> list[str]:
        """The ids of everything a search finds; 400 too-costly beyond 10,000."""
        request = pb.IdsRequest(caller=encode_caller(caller), query=query)
        response: pb.IdsResponse = await self._connection.call("Ids", request)
        return list(response.ids)

    async def compartment(self, request: pb.CompartmentRequest) -> pb.CompartmentResponse:
        """One page of what is in patients' compartments."""
        response: pb.CompartmentResponse = await self._connection.call("Compartment", request)
        return response

    async def resolve(self, criteria: Sequence[str], caller: Caller, base_url: str) -> list[list[str]]:
        """For each search criterion the ids it finds, two at most; `base_url` is the FHIR base that clients use."""
        request = pb.ResolveRequest(caller=encode_caller(caller), criteria=criteria, base_url=base_url)
        response: pb.ResolveResponse = await self._connection.call("Resolve", request)
        return [list(matches.ids) for matches in response.matches]

    async def plan(self, request: pb.PlanRequest) -> pb.PlanResponse:
        """The write set of this owner's share of a transaction."""
        response: pb.PlanResponse = await self._connection.call("Plan", request)
        return response

    async def handle(self, request: pb.HandleRequest) -> pb.HandleResponse:
        """The answer to one FHIR request."""
        response: pb.HandleResponse = await self._connection.call("Handle", request)
        return response
