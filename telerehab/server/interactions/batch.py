"""batch: each entry alone, through the same router as any request.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

import orjson

from telerehab.engine import Engine
from telerehab.fhir import json
from telerehab.fhir.bundle import Entry, bundle, entries_of, responded
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError
from telerehab.resource import instant
from telerehab.server import router
from telerehab.server.answers import failed, whole
from telerehab.server.negotiation import FHIR_JSON
from telerehab.server.request import FhirRequest, FhirResponse, decoded_pairs, segments


async def batch(engine: Engine, request: FhirRequest, content: JsonObject) -> FhirResponse:
    entries = entries_of(content, request.base_url)
    answers = [answered(await answer_entry(engine, request, entry), entry) for entry in entries]
    return whole(bundle("batch-response", answers))


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
        headers["content-type"] = FHIR_JSON
        body = json.dump(entry.resource)
    return FhirRequest(
        entry.method, segments(path), request.caller, request.base_url, decoded_pairs(query), headers, body
    )


def answered(response: FhirResponse, entry: Entry) -> JsonObject:
    """The entry of the answer; an OperationOutcome goes into its response."""
    moment = response.last_updated
    body = orjson.Fragment(response.body) if response.body and entry.method != "HEAD" else None
    is_outcome = response.status >= 400 or response.body.startswith(b'{"resourceType":"OperationOutcome"')
    return responded(
        response.status,
        location=response.headers.get("location"),
        etag=response.headers.get("etag"),
        last_modified=None if moment is None else instant(moment),
        resource=None if is_outcome else body,
        outcome=body if is_outcome else None,
    )
