"""What an engine answers to other services: telerehab.fhir.v1.EngineService over one service's store and rules."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from telerehab.fhir import json
from telerehab.fhir.outcome import operation_outcome
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.pb.telerehab.fhir.v1 import history_pb2 as history_pb
from telerehab.pb.telerehab.fhir.v1 import resource_pb2 as pb_caller
from telerehab.pb.telerehab.fhir.v1.engine_pb2_grpc import EngineServiceServicer
from telerehab.resource import Resource
from telerehab.rpc.compartment import compartment_query
from telerehab.rpc.encoding import decode_caller, decode_revinclude, encode_resource
from telerehab.rpc.history import history_page
from telerehab.rpc.planning import plan
from telerehab.server.audit import transaction_refused
from telerehab.server.criteria import Criteria
from telerehab.server.including import OtherOwners
from telerehab.server.linked import ids
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.write_set import AuditRow

if TYPE_CHECKING:
    from telerehab.access import Caller
    from telerehab.engine import Engine

Handle = Callable[["Engine", FhirRequest], Awaitable[FhirResponse]]


class EngineServicer(EngineServiceServicer):
    """Serves one engine; `handle` answers whole FHIR requests. Every method raises FhirError."""

    def __init__(self, engine: Engine, handle: Handle) -> None:
        self._engine = engine
        self._handle = handle

    async def Read(self, request: pb.ReadRequest, context: Any) -> pb.ReadResponse:
        access = decode_caller(request.caller).access
        named = [reference.split("/") for reference in request.references]
        current = [(parts[0], parts[1]) for parts in named if len(parts) == 2]
        versions = [(parts[0], parts[1], int(parts[3])) for parts in named if len(parts) == 4]
        found = await self._engine.store.read_many(current, access) if current else []
        old = await asyncio.gather(*(self._engine.store.version(*version, access) for version in versions))
        return pb.ReadResponse(resources=_encoded([*found, *(version for version in old if version)]))

    async def Include(self, request: pb.IncludeRequest, context: Any) -> pb.IncludeResponse:
        access = decode_caller(request.caller).access
        store = self._engine.store
        revincludes = [decode_revinclude(each) for each in request.revincludes]
        answers = await asyncio.gather(
            store.read_many(_named(request.references), access),
            store.referring(_named(request.referred), revincludes, access, limit=request.limit),
        )
        found = {one.reference: one for answer in answers for one in answer}
        return pb.IncludeResponse(resources=_encoded(found.values()))

    async def Search(self, request: pb.SearchRequest, context: Any) -> pb.SearchResponse:
        query = self._engine.query(request.query, request.compartment)
        caller = decode_caller(request.caller)
        page = await self._engine.store.search(
            query,
            caller.access,
            cursor=request.cursor or None,
            elsewhere=OtherOwners(self._engine, caller),
        )
        await self._audit(request.caller, query.type, [*page.matches, *page.included], request.query)
        return pb.SearchResponse(
            matches=_encoded(page.matches),
            included=_encoded(page.included),
            next_cursor=page.next_cursor or "",
            total=page.total,
            outcome=json.dump(operation_outcome(page.issues)).decode() if page.issues else "",
        )

    async def Compartment(self, request: pb.CompartmentRequest, context: Any) -> pb.CompartmentResponse:
        if request.types and self._engine.service.types.isdisjoint(request.types):
            return pb.CompartmentResponse()
        patients = self._engine.store.aliases.of_all(request.patients)
        query = compartment_query(request, patients, self._engine.service.types)
        access = decode_caller(request.caller).access
        page = await self._engine.store.search(query, access, cursor=request.cursor or None)
        await self._audit(request.caller, "", page.matches, "$everything")
        return pb.CompartmentResponse(resources=_encoded(page.matches), next_cursor=page.next_cursor or "")

    async def History(self, request: history_pb.HistoryRequest, context: Any) -> history_pb.HistoryResponse:
        response, shown = await history_page(self._engine, request)
        await self._audit(request.caller, "", shown, "_history")
        return response

    async def Ids(self, request: pb.IdsRequest, context: Any) -> pb.IdsResponse:
        asked = (tuple(request.parameters), request.target_type) if request.parameters else None
        return pb.IdsResponse(
            ids=await ids(self._engine, request.query, decode_caller(request.caller), asked)
        )

    async def Resolve(self, request: pb.ResolveRequest, context: Any) -> pb.ResolveResponse:
        caller = decode_caller(request.caller)
        found = await asyncio.gather(
            *(self._matches(criteria, request.base_url, caller) for criteria in request.criteria)
        )
        return pb.ResolveResponse(matches=found)

    async def Plan(self, request: pb.PlanRequest, context: Any) -> pb.PlanResponse:
        return await plan(self._engine, request)

    async def Refused(self, request: pb.RefusedRequest, context: Any) -> pb.RefusedResponse:
        await transaction_refused(self._engine, decode_caller(request.caller), request.status)
        return pb.RefusedResponse()

    async def Handle(self, request: pb.HandleRequest, context: Any) -> pb.HandleResponse:
        response = await self._handle(
            self._engine,
            FhirRequest(
                request.method,
                tuple(request.path),
                decode_caller(request.caller),
                request.base_url,
                [(pair.name, pair.value) for pair in request.query],
                {pair.name: pair.value for pair in request.headers},
                request.body,
            ),
        )
        headers = [pb.Pair(name=name, value=value) for name, value in response.headers.items()]
        answer = pb.HandleResponse(status=response.status, headers=headers, body=response.body)
        if response.last_updated is not None:
            answer.last_updated.FromDatetime(response.last_updated)
        return answer

    async def _audit(
        self, message: pb_caller.Caller, type_: str, resources: Sequence[Resource], query: str
    ) -> None:
        """Put on record whose data is about to leave; returns when that is durable."""
        caller = decode_caller(message)
        patients = sorted({patient for one in resources for patient in self._engine.patients(one)})
        await self._engine.store.audit(
            AuditRow(caller.request_id, caller.name, caller.address, "E", type_, "", 0, patients, 200, query)
        )

    async def _matches(self, text: str, base_url: str, caller: Caller) -> pb.Matches:
        type_, _, criteria = text.partition("?")
        found = await Criteria.of(type_, criteria, base_url).found(self._engine, caller)
        return pb.Matches(ids=[resource.id for resource in found])


def _named(references: Iterable[str]) -> list[tuple[str, str]]:
    """("Patient", "1") for "Patient/1"."""
    parts = (reference.partition("/") for reference in references)
    return [(type_, id_) for type_, _, id_ in parts]


def _encoded(resources: Iterable[Resource]) -> list[Any]:
    return [encode_resource(resource) for resource in resources]
