"""transaction: all entries or none, for entries that one service owns; the gateway does those of several owners.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telerehab.engine import Engine
from telerehab.fhir import json
from telerehab.fhir.bundle import Entry, bundle, entries_of, located, responded
from telerehab.fhir.bundle_writes import in_order, read_of, refuse_doubled, require_searchable, write_of
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, operation_outcome
from telerehab.fhir.patch import patch_in_bundle
from telerehab.resource import Resource, instant, with_id
from telerehab.server import audit, router
from telerehab.server.answers import whole
from telerehab.server.commands import Result, run_once
from telerehab.server.conditions import if_match, only_if_absent
from telerehab.server.interactions.batch import answer_entry, answered, request_of
from telerehab.server.interactions.patch import put_patched
from telerehab.server.interactions.update import is_new, put
from telerehab.server.position import tell_position
from telerehab.server.request import FhirRequest, FhirResponse
from telerehab.server.transaction.resolving import Resolved, resolve
from telerehab.unit_of_work import UnitOfWork

_READS = ("GET", "HEAD")


async def transaction(engine: Engine, request: FhirRequest, content: JsonObject) -> FhirResponse:
    entries = entries_of(content, request.base_url)
    refuse_doubled(entries)
    _require_routes(engine, request, entries)

    async def act(work: UnitOfWork) -> Result:
        return await _plan(work, request, entries)

    result, work = await run_once(engine, request, act, _identifier(content))
    answers = [
        answered(await answer_entry(engine, request, entry), entry)
        if entry.method in _READS
        else _answer(request, result[str(entry.index)])
        for entry in entries
    ]
    for done in result.values():
        if (work is None or not done["written"]) and done["resource"] is not None:
            await audit.seen(engine, request, done["resource"])
    response = whole(bundle("transaction-response", answers))
    return response if work is None else tell_position(response, work)


def _require_routes(engine: Engine, request: FhirRequest, entries: Sequence[Entry]) -> None:
    """Refuse, before anything is done, an entry that no interaction of this service answers."""
    for entry in entries:
        try:
            router.find(engine, request_of(entry, request))
            require_searchable(entry, request.base_url, lenient=request.prefer.lenient)
        except FhirError as error:
            raise located(entry, error) from None


def _identifier(content: JsonObject) -> str | None:
    """What the Bundle says it is, for knowing it again."""
    identifier = content.get("identifier")
    return None if identifier is None else json.dump(identifier).decode()


async def _plan(work: UnitOfWork, request: FhirRequest, entries: Sequence[Entry]) -> Result:
    """Plan all writes in FHIR's order; what each comes to, by its entry's index."""
    ordered = in_order(entries)
    writes = [write_of(entry) for entry in ordered if entry.method not in _READS]
    results: dict[str, Any] = {}
    for resolved in await resolve(work, writes, request.base_url):
        entry = resolved.write.entry
        try:
            results[str(entry.index)] = await _write(work, resolved)
        except FhirError as error:
            raise located(entry, error) from None
    for entry in ordered:
        if entry.method in _READS:
            await _require_readable(work, entry)
    return results


async def _write(work: UnitOfWork, resolved: Resolved) -> dict[str, Any]:
    """Plan one write: its status, its resource, whether it changes anything."""
    write, entry = resolved.write, resolved.write.entry
    version = if_match(entry.headers.get("if-match"))
    if write.method == "DELETE":
        deleted = None
        if write.id:
            deleted = await work.delete(write.type, write.id, if_version=version, entry=entry.index)
        return {
            "status": 204,
            "resource": None,
            "written": deleted is not None,
            "etag": f'W/"{deleted.version + 1}"' if deleted else None,
        }
    if resolved.there is not None:
        return {"status": 200, "resource": resolved.there, "written": False, "etag": None}
    assert write.content is not None  # write_of has seen to it
    if write.method == "POST":
        made = work.create(with_id(write.content, write.id), entry=entry.index)
        return {"status": 201, "resource": made, "written": True, "etag": None}
    if write.method == "PATCH":
        change = patch_in_bundle(write.content)
        resource = await put_patched(work, write.type, write.id, change, version, entry.index)
    else:
        absent = only_if_absent(entry.headers.get("if-none-match"))
        resource = await put(work, write.content, version, absent, entry.index)
    changed = resource not in work.unchanged
    status = 201 if changed and is_new(work, resource) else 200
    return {"status": status, "resource": resource, "written": changed, "etag": None}


async def _require_readable(work: UnitOfWork, entry: Entry) -> None:
    """A read of a resource that will not be there fails the whole; what it reads is guarded until the commit."""
    read = read_of(entry)
    if read is not None:
        try:
            await work.required(*read)
        except FhirError as error:
            raise located(entry, error) from None


def _answer(request: FhirRequest, done: dict[str, Any]) -> JsonObject:
    resource: Resource | None = done["resource"]
    returns = request.prefer.returns if "prefer" in request.headers else "minimal"
    if resource is None:
        told = _told("It is deleted." if done["etag"] else "There was nothing to delete.")
        return responded(
            done["status"], etag=done["etag"], outcome=told if returns == "OperationOutcome" else None
        )
    moment = resource.last_updated
    told = _told(f"{resource.reference} has version {resource.version}.")
    return responded(
        done["status"],
        location=f"{request.base_url}/{resource.reference}/_history/{resource.version}",
        etag=resource.etag,
        last_modified=None if moment is None else instant(moment),
        resource=resource if returns == "representation" else None,
        outcome=told if returns == "OperationOutcome" else None,
        full_url=f"{request.base_url}/{resource.reference}",
    )


def _told(what: str) -> JsonObject:
    return operation_outcome([Issue("informational", what, None, "information")])
