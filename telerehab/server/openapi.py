"""The FHIR interactions as OpenAPI paths, from the router's own table, for the documentation at /docs.

https://spec.openapis.org/oas/v3.1.0#paths-object
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telerehab.engine import BASE_PATH
from telerehab.operation import Operation
from telerehab.server.router import ROUTES

_FHIR = "application/fhir+json"
_NAMES = {"[type]": "{type}", "[id]": "{id}", "[version]": "{version}"}
_SPEC = "https://hl7.org/fhir/R4/http.html"


def fhir_paths(types: Iterable[str], operations: Iterable[Operation] = ()) -> dict[str, Any]:
    """One path for each place of the router, and one for each of a service's own operations."""
    listed = sorted(types)
    paths: dict[str, Any] = {}
    for place, methods in ROUTES.items():
        if "$" in place:
            continue
        url = "/".join([BASE_PATH, *(_NAMES.get(part, part) for part in place.split("/"))]).rstrip("/")
        paths[url] = {
            method.lower(): _described(interaction.name, method, place, listed)
            for method, interaction in methods.items()
        }
    for operation in operations:
        for type_ in operation.types or ("",):
            url = "/".join(filter(None, [BASE_PATH, type_, f"${operation.code}"]))
            method = "post" if operation.writes or _needs_a_resource(operation) else "get"
            paths[url] = {method: _operation(operation.definition)}
    return paths


def _needs_a_resource(operation: Operation) -> bool:
    """Whether an operation cannot be asked by a URL alone."""
    given = (
        one for one in operation.definition.get("parameter", ()) if one["use"] == "in" and one["min"] > 0
    )
    return any(one.get("type", "")[:1].isupper() for one in given)


def _described(name: str, method: str, place: str, types: list[str]) -> dict[str, Any]:
    parameters = [_parameter(part.strip("[]"), types) for part in place.split("/") if part in _NAMES]
    described: dict[str, Any] = {
        "summary": name,
        "tags": ["FHIR"],
        "externalDocs": {"url": _SPEC},
        "parameters": parameters,
        "responses": {
            "default": {"description": "A resource, or an OperationOutcome", "content": {_FHIR: {}}}
        },
    }
    if method in ("POST", "PUT", "PATCH"):
        form = "application/x-www-form-urlencoded" if place.endswith("_search") else _FHIR
        described["requestBody"] = {"content": {form: {"schema": {"type": "object"}}}}
    return described


def _parameter(name: str, types: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name == "type":
        schema["enum"] = types
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": f"${definition['code']}",
        "description": definition.get("description", ""),
        "tags": ["FHIR operations"],
        "responses": {
            "default": {"description": "A resource, or an OperationOutcome", "content": {_FHIR: {}}}
        },
    }
