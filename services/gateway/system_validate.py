"""$validate on the whole system: the owner of the resource's type judges it.

https://hl7.org/fhir/R4/resource-operation-validate.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from services.gateway.entries import ask_owner
from services.gateway.gateway import Gateway
from telerehab.fhir.definitions import resource_types
from telerehab.fhir.json import JsonObject
from telerehab.owners import SERVICES, owner_of
from telerehab.server.request import FhirRequest, FhirResponse


async def validate_any(gateway: Gateway, request: FhirRequest) -> FhirResponse:
    """What the owner says; a resource of no known type is refused by any of them."""
    for type_ in _types(request.content()):
        if isinstance(type_, str) and type_ in resource_types():
            return await ask_owner(gateway, owner_of(type_), replace(request, path=(type_, "$validate")))
    return await ask_owner(gateway, next(iter(SERVICES)), request)


def _types(content: JsonObject) -> Iterator[Any]:
    """The type of the resource to validate, bare or as a parameter."""
    if content["resourceType"] != "Parameters":
        yield content["resourceType"]
        return
    listed = content.get("parameter")
    for parameter in listed if isinstance(listed, list) else ():
        if isinstance(parameter, dict) and parameter.get("name") == "resource":
            resource = parameter.get("resource")
            yield resource.get("resourceType") if isinstance(resource, dict) else None
