"""A part of a resource, where `_summary` or `_elements` ask for less than all of it.

https://hl7.org/fhir/R4/search.html#summary
"""

from __future__ import annotations

from telerehab.fhir import json
from telerehab.fhir.outcome import bad_request
from telerehab.fhir.search import parse_query, summarise
from telerehab.fhir.search.query import Query
from telerehab.resource import Resource
from telerehab.server.request import FhirRequest

_ASK = ("_summary", "_elements")


def partial_body(request: FhirRequest, resource: Resource) -> bytes | None:
    """The body of a read that asks for a part, None for the whole; 400 for a part there is none of."""
    if not request.query:
        return None
    asked = [pair for pair in request.query if pair[0] in _ASK]
    query = parse_query(resource.type, asked)
    if query.summary == "count":
        raise bad_request("_summary=count is for searches.", "_summary", "value")
    return body_of(resource, query)


def body_of(resource: Resource, query: Query) -> bytes:
    """The resource as JSON, cut down to what the query asks for."""
    if query.summary in ("false", "count") and not query.elements:
        return resource.wire()
    return json.dump(summarise(json.parse_object(resource.wire()), query.summary, query.elements))
