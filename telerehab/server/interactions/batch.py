"""batch: each entry alone, through the same router as any request.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from telerehab.engine import Engine
from telerehab.fhir import json
from telerehab.fhir.bundle import Entry, bundle, entry_of, listed_entries, responded
from telerehab.fhir.bundle_references import conditional_references, rewrite
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.patch.patch import binary_patch
from telerehab.resource import instant
from telerehab.server import router
from telerehab.server.answers import failed, whole
from telerehab.server.criteria import only_reference
from telerehab.server.negotiation import FHIR_JSON
from telerehab.server.position import tell_positions
from telerehab.server.request import FhirRequest, FhirResponse, decoded_pairs, segments
from telerehab.unit_of_work import UnitOfWork


async def batch(engine: Engine, request: FhirRequest, content: JsonObject) -> FhirResponse:
    answers = [await _answer(engine, request, *entry) for entry in enumerate(listed_entries(content))]
    response = whole(bundle("batch-response", [answered(*answer) for answer in answers]))
    return tell_positions(response, (answer for answer, _ in answers))


async def _answer(
    engine: Engine, request: FhirRequest, index: int, given: Any
) -> tuple[FhirResponse, Entry | None]:
    """The answer to an entry, and the entry; one that cannot be read fails alone, and is None."""
    try:
        entry = entry_of(index, given, request.base_url)
        looking = UnitOfWork(engine, request.caller)
        found = {
            reference: await only_reference(looking, reference, request.base_url)
            for reference in references_by_criteria(entry)
        }
    except FhirError as error:
        return failed(error), None
    return await answer_entry(engine, request, pointed(entry, found)), entry


def references_by_criteria(entry: Entry) -> set[str]:
    """What the resource of an entry that writes refers to by search criteria."""
    return set(conditional_references(entry.resource)) if entry.resource else set()


def pointed(entry: Entry, found: Mapping[str, str]) -> Entry:
    """The entry with its references by criteria made references to what was found."""
    return replace(entry, resource=rewrite(entry.resource, found)) if entry.resource and found else entry


async def answer_entry(engine: Engine, request: FhirRequest, entry: Entry) -> FhirResponse:
    """What the entry's request is answered, as if it had come alone."""
    try:
        return await router.handle(engine, request_of(entry, request))
    except FhirError as error:
        return failed(error)


def request_of(entry: Entry, request: FhirRequest) -> FhirRequest:
    """The entry as a request of its own; a write answers without a body unless the whole request prefers one."""
    path, _, query = entry.url.partition("?")
    headers = {"prefer": "return=minimal", **entry.headers}
    if "prefer" in request.headers:
        headers["prefer"] = request.headers["prefer"]
    body = b""
    if entry.resource is not None:
        headers["content-type"], body = _body(entry, entry.resource)
    return FhirRequest(
        entry.method, segments(path), request.caller, request.base_url, decoded_pairs(query), headers, body
    )


def _body(entry: Entry, resource: JsonObject) -> tuple[str, bytes]:
    if entry.method == "PATCH" and resource["resourceType"] == "Binary":
        return binary_patch(resource)
    return FHIR_JSON, json.dump(resource)


def answered(response: FhirResponse, entry: Entry | None = None) -> JsonObject:
    """The entry of the answer; an OperationOutcome goes into its response. Without `entry` it could not be read."""
    moment = response.last_updated
    shown = response.body and (entry is None or entry.method != "HEAD")
    body = orjson.Fragment(response.body) if shown else None
    is_outcome = response.status >= 400 or response.body.startswith(b'{"resourceType":"OperationOutcome"')
    return responded(
        response.status,
        location=response.headers.get("location"),
        etag=response.headers.get("etag"),
        last_modified=None if moment is None else instant(moment),
        resource=None if is_outcome else body,
        outcome=body if is_outcome else None,
    )
