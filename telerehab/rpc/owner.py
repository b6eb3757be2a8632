"""One owner as others see it: typed questions to its engine, whether it is in this process or elsewhere.

https://grpc.io/docs/languages/python/basics/
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message
from grpc import StatusCode
from grpc.aio import AioRpcError, Channel

from telerehab.access import Caller
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search.query import Include
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.pb.telerehab.fhir.v1 import history_pb2 as history_pb
from telerehab.pb.telerehab.fhir.v1.engine_pb2_grpc import EngineServiceServicer, EngineServiceStub
from telerehab.resource import Resource
from telerehab.rpc.deadlines import (
    PATIENCE,
    REQUEST_SECONDS,
    Patience,
    fell_silent,
    is_silent,
    remaining,
)
from telerehab.rpc.encoding import decode_resource, encode_caller, encode_revinclude
from telerehab.rpc.interceptors import outgoing_metadata
from telerehab.rpc.status import deadline_exceeded, effect_unknown, fhir_error, is_told, owner_silent

M = TypeVar("M", bound=Message)


class Connection(Protocol):
    """Carries one call of EngineService to an owner; raises FhirError, TimeoutError after `seconds`."""

    async def call(self, method: str, request: Message, seconds: float) -> Any: ...


class Direct:
    """An owner in this process: its servicer is called as it is, nothing is serialised."""

    def __init__(self, servicer: EngineServiceServicer) -> None:
        self._servicer = servicer

    async def call(self, method: str, request: Message, seconds: float) -> Any:
        async with asyncio.timeout(seconds):
            return await getattr(self._servicer, method)(request, None)


class Remote:
    """An owner behind a gRPC channel."""

    def __init__(self, owner: str, channel: Channel) -> None:
        self._owner = owner
        self._stub = EngineServiceStub(channel)  # type: ignore[no-untyped-call]

    async def call(self, method: str, request: Message, seconds: float) -> Any:
        try:
            return await getattr(self._stub, method)(request, timeout=seconds, metadata=outgoing_metadata())
        except AioRpcError as error:
            if error.code() is StatusCode.DEADLINE_EXCEEDED and not is_told(error):
                raise TimeoutError from None
            raise fhir_error(error, self._owner) from None


class Owner:
    """Questions and commands to the service `name`; each raises FhirError: the owner's, 503 if it is down, 504."""

    def __init__(self, name: str, connection: Connection, patience: Patience = PATIENCE) -> None:
        self.name = name
        self._connection = connection
        self._patience = patience

    async def read(self, references: Sequence[str], caller: Caller) -> list[Resource]:
        """The live resources among "Type/id" and the versions among "Type/id/_history/n", in no order."""
        request = pb.ReadRequest(caller=encode_caller(caller), references=references)
        response: pb.ReadResponse = await self._ask("Read", request)
        return [decode_resource(resource) for resource in response.resources]

    async def include(
        self,
        references: Sequence[tuple[str, str]],
        referred: Sequence[tuple[str, str]],
        revincludes: Sequence[Include],
        caller: Caller,
        *,
        limit: int,
    ) -> list[Resource]:
        """The live ones of `references`, and what refers to one of `referred`, `limit` of these at most."""
        request = pb.IncludeRequest(
            caller=encode_caller(caller),
            references=["/".join(reference) for reference in references],
            referred=["/".join(reference) for reference in referred] if revincludes else (),
            revincludes=[encode_revinclude(each) for each in revincludes],
            limit=limit,
        )
        response: pb.IncludeResponse = await self._ask("Include", request)
        return [decode_resource(resource) for resource in response.resources]

    async def search(
        self, query: str, caller: Caller, cursor: str = "", compartment: str = ""
    ) -> pb.SearchResponse:
        """One page of a search written as in a URL, within a compartment ("Practitioner/1") if one is named."""
        request = pb.SearchRequest(
            caller=encode_caller(caller), query=query, cursor=cursor, compartment=compartment
        )
        response: pb.SearchResponse = await self._ask("Search", request)
        return response

    async def ids(
        self, query: str, caller: Caller, parameters: Sequence[int] = (), target: str = ""
    ) -> list[str]:
        """The ids of everything a search finds; 400 too-costly beyond 10,000.

        With `parameters` (hashes), the ids of the `target`s that this refers to by one of them.
        """
        request = pb.IdsRequest(
            caller=encode_caller(caller), query=query, parameters=parameters, target_type=target
        )
        response: pb.IdsResponse = await self._ask("Ids", request)
        return list(response.ids)

    async def compartment(self, request: pb.CompartmentRequest) -> pb.CompartmentResponse:
        """One page of what is in patients' compartments."""
        response: pb.CompartmentResponse = await self._ask("Compartment", request)
        return response

    async def history(self, request: history_pb.HistoryRequest) -> history_pb.HistoryResponse:
        """One page of the versions of everything this owner keeps."""
        response: history_pb.HistoryResponse = await self._ask("History", request)
        return response

    async def resolve(self, criteria: Sequence[str], caller: Caller, base_url: str) -> list[list[str]]:
        """For each search criterion the ids it finds, two at most; `base_url` is the FHIR base that clients use."""
        request = pb.ResolveRequest(caller=encode_caller(caller), criteria=criteria, base_url=base_url)
        response: pb.ResolveResponse = await self._ask("Resolve", request)
        return [list(matches.ids) for matches in response.matches]

    async def plan(self, request: pb.PlanRequest) -> pb.PlanResponse:
        """The write set of this owner's share of a transaction."""
        response: pb.PlanResponse = await self._ask("Plan", request, REQUEST_SECONDS)
        return response

    async def refused(self, caller: Caller, status: int) -> None:
        """Have it put on record that a transaction with entries of this owner was refused."""
        await self._ask("Refused", pb.RefusedRequest(caller=encode_caller(caller), status=status))

    async def handle(self, request: pb.HandleRequest) -> pb.HandleResponse:
        """The answer to one FHIR request; 503 if it took too long with a read, 504 with what may write."""
        seconds = (
            self._patience.request if request.path else REQUEST_SECONDS
        )  # a whole bundle may take longer
        reads = request.method in ("GET", "HEAD") or request.path[-1:] == ["_search"]
        late = owner_silent if reads else effect_unknown
        response: pb.HandleResponse = await self._ask("Handle", request, seconds, late)
        return response

    async def _ask(
        self,
        method: str,
        request: Message,
        seconds: float | None = None,
        late: Callable[[str], FhirError] = owner_silent,
    ) -> Any:
        """The answer within `seconds` (or those of a question), else `late`; 504 if the request has no time left."""
        if is_silent(self.name):
            raise owner_silent(self.name)
        left, limit = remaining(), self._patience.question if seconds is None else seconds
        try:
            return await self._connection.call(method, request, min(left, limit))
        except TimeoutError:
            if limit >= left:
                raise deadline_exceeded() from None
            fell_silent(self.name)
            raise late(self.name) from None
