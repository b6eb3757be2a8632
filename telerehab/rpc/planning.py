"""The owner's share of a transaction: its entries in one unit of work, planned, not committed.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.patch import patch_in_bundle
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.resource import Resource
from telerehab.rpc.encoding import decode_caller, decode_resource, encode_resource
from telerehab.rpc.write_set_encoding import encode_write_set
from telerehab.server.criteria import Criteria
from telerehab.server.interactions.patch import put_patched
from telerehab.server.interactions.update import put
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Missed

if TYPE_CHECKING:
    from telerehab.engine import Engine


class _Stale(Exception):
    """A criterion no longer finds what it was resolved to."""


async def plan(engine: Engine, request: pb.PlanRequest) -> pb.PlanResponse:
    """The write set of the request's entries; raises FhirError located at the entry that is refused."""
    work = UnitOfWork(engine, decode_caller(request.caller), overlay=_overlay(request))
    planned = []
    for entry in request.entries:
        try:
            planned.append(await _take(work, entry, request.base_url))
        except FhirError as error:
            raise error.at(f"Bundle.entry[{entry.index}]") from None
        except (_Stale, Missed):
            return pb.PlanResponse(stale=True)
    for relied in request.relied:
        try:
            await _rely(work, relied, request.base_url)
        except FhirError as error:
            raise error.at(f"Bundle.entry[{relied.index}]") from None
        except (_Stale, Missed):
            return pb.PlanResponse(stale=True)
    write_set = await work.plan()
    return pb.PlanResponse(write_set=encode_write_set(write_set), entries=planned)


def _overlay(request: pb.PlanRequest) -> dict[str, Resource | None]:
    return {
        entry.reference: decode_resource(entry.resource) if entry.HasField("resource") else None
        for entry in request.overlay
    }


async def _take(work: UnitOfWork, entry: pb.PlanEntry, base_url: str) -> pb.PlannedEntry:
    if entry.HasField("criteria"):
        await _still_so(work, entry, base_url)
    if_version = entry.if_version if entry.HasField("if_version") else None
    if entry.method == "DELETE":
        await work.delete(entry.type, entry.id, if_version=if_version, entry=entry.index)
        return pb.PlannedEntry(index=entry.index, status=204)
    content = json.parse_object(entry.content)
    if entry.method == "PATCH":
        change = patch_in_bundle(content)
        resource = await put_patched(work, entry.type, entry.id, change, if_version, entry.index)
        return _planned(work, entry, resource)
    if entry.method == "POST":
        work.create(content, entry=entry.index)
        return pb.PlannedEntry(index=entry.index, status=201)
    resource = await put(work, content, if_version, entry.if_absent, entry.index)
    return _planned(work, entry, resource)


def _planned(work: UnitOfWork, entry: pb.PlanEntry, resource: Resource) -> pb.PlannedEntry:
    if resource in work.unchanged:
        return pb.PlannedEntry(index=entry.index, status=200, unchanged=encode_resource(resource))
    is_new = work.planned[resource.reference].before is None
    return pb.PlannedEntry(index=entry.index, status=201 if is_new else 200)


async def _still_so(work: UnitOfWork, entry: pb.PlanEntry, base_url: str) -> None:
    """Rely on what the criteria find: one resource, whose version the write guards, or none, which a counter guards."""
    match = await Criteria.of(entry.type, entry.criteria, base_url).only_match(work)
    expects_none = entry.method == "POST"
    if (match is None and not expects_none and not await _is_absent(work, entry)) or (
        match is not None and (expects_none or match.id != entry.id)
    ):
        raise _Stale


async def _rely(work: UnitOfWork, relied: pb.Reliance, base_url: str) -> None:
    """Guard what is read or referred to: it is there, and what criteria found is still what they find."""
    if relied.HasField("criteria"):
        match = await Criteria.of(relied.type, relied.criteria, base_url).match(work)
        if match is None or match.id != relied.id:
            raise _Stale
    await work.required(relied.type, relied.id)


async def _is_absent(work: UnitOfWork, entry: pb.PlanEntry) -> bool:
    current = await work.current(entry.type, entry.id)
    return current is None or current.deleted
