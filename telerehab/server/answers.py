"""The usual answers: a resource, the result of a write, an error; with the headers that FHIR wants on them.

https://hl7.org/fhir/R4/http.html#versions
"""

from __future__ import annotations

from typing import Any

from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError, Issue, operation_outcome
from telerehab.resource import Resource
from telerehab.server.conditions import http_date
from telerehab.server.negotiation import FHIR_JSON
from telerehab.server.request import FhirRequest, FhirResponse


def shown(resource: Resource, status: int = 200, body: bytes | None = None) -> FhirResponse:
    """A resource as it is, with its version's headers; `body` where it is shown otherwise than whole."""
    headers = {"content-type": FHIR_JSON, **version_headers(resource)}
    return FhirResponse(status, headers, resource.wire() if body is None else body, resource.last_updated)


def not_modified(resource: Resource) -> FhirResponse:
    return FhirResponse(304, version_headers(resource), last_updated=resource.last_updated)


def written(request: FhirRequest, resource: Resource, status: int) -> FhirResponse:
    """The result of a create or update: location and version always, a body as `Prefer: return=` says."""
    moment = resource.last_updated
    headers = version_headers(resource)
    headers["location"] = f"{request.base_url}/{resource.reference}/_history/{resource.version}"
    returns = request.prefer.returns
    if returns == "minimal":
        return FhirResponse(status, headers, last_updated=moment)
    headers["content-type"] = FHIR_JSON
    if returns == "OperationOutcome":
        verb = "created" if status == 201 else "stored"
        done = Issue(
            "informational",
            f"{resource.reference} is {verb} as version {resource.version}.",
            None,
            "information",
        )
        return FhirResponse(status, headers, json.dump(operation_outcome([done])), moment)
    return FhirResponse(status, headers, resource.wire(), moment)


def whole(content: dict[str, Any], status: int = 200) -> FhirResponse:
    """A resource that has no version: a Bundle, an outcome, a statement."""
    return FhirResponse(status, {"content-type": FHIR_JSON}, json.dump(content))


def failed(error: FhirError) -> FhirResponse:
    """An error as an OperationOutcome."""
    response = whole(operation_outcome(error.issues), error.status)
    response.headers.update((name.lower(), value) for name, value in error.headers.items())
    return response


def version_headers(resource: Resource) -> dict[str, str]:
    headers = {"etag": resource.etag}
    if resource.last_updated is not None:
        headers["last-modified"] = http_date(resource.last_updated)
    return headers
