"""The CapabilityStatement of the whole deployment: what its owners say of themselves, and what the gateway adds.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from services.gateway.gateway import Gateway
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, unavailable
from telerehab.owners import SERVICES
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb
from telerehab.rpc.encoding import encode_caller
from telerehab.server.answers import whole
from telerehab.server.request import FhirRequest, FhirResponse

_INTERACTIONS = ("transaction", "batch", "search-system", "history-system")
DESCRIPTION = "A telerehabilitation platform: one FHIR base over all of its services"
EVERYTHING = {
    "name": "everything",
    "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything",
}


async def metadata(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """The statements of all owners as one; the types of an owner that is down are lacking, and it says so."""
    answers = await asyncio.gather(*(_ask(gateway, name, request) for name in SERVICES))
    statements = [answer for answer in answers if answer is not None]
    down = [name for name, answer in zip(SERVICES, answers, strict=True) if answer is None]
    if not statements:
        raise unavailable("None of the services answers.")
    return whole(merged(statements, gateway.base_url, down))


def merged(statements: Sequence[JsonObject], base_url: str, down: Sequence[str]) -> JsonObject:
    """One statement from those of the owners; it is dated as the latest of them."""
    rests = [statement["rest"][0] for statement in statements]
    resources = sorted(
        (resource for rest in rests for resource in rest.get("resource", ())),
        key=lambda one: str(one["type"]),
    )
    rest: dict[str, Any] = {**rests[0], "resource": [_with_everything(resource) for resource in resources]}
    rest["interaction"] = [{"code": code} for code in _INTERACTIONS]
    operations = {
        (one["name"], one["definition"]): one for each in rests for one in each.get("operation", ())
    }
    rest.pop("operation", None)
    if operations:
        rest["operation"] = list(operations.values())
    if down:
        rest["documentation"] = f"Not answering now, so that their types are lacking here: {', '.join(down)}."
    return {
        **statements[0],
        "date": max(str(statement["date"]) for statement in statements),
        "implementation": {"description": DESCRIPTION, "url": base_url},
        "rest": [rest],
    }


def _with_everything(resource: JsonObject) -> JsonObject:
    if resource["type"] != "Patient":
        return resource
    others = [one for one in resource.get("operation", ()) if one["name"] != EVERYTHING["name"]]
    return {**resource, "operation": [*others, EVERYTHING]}


async def _ask(gateway: Gateway, owner: str, request: FhirRequest) -> JsonObject | None:
    asked = pb.HandleRequest(
        caller=encode_caller(request.caller), method="GET", base_url=request.base_url, path=["metadata"]
    )
    try:
        answered = await gateway.neighbours.owner(owner).handle(asked)
    except FhirError as error:
        if error.status in (503, 504):
            return None
        raise
    return json.parse_object(answered.body)
