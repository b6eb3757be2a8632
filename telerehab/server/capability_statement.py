"""The CapabilityStatement, derived from the registries that serve requests: routes, types, search, operations.

https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.definitions.compartment import compartments
from telerehab.fhir.definitions.search_parameters import search_parameters
from telerehab.fhir.json import JsonObject
from telerehab.fhir.patch import PATCH_FORMATS
from telerehab.fhir.search import Parameter, parameters, searchable
from telerehab.operation import Operation
from telerehab.server.operations.registry import operations_on
from telerehab.service import Service

RESULT_PARAMETERS = ("_count", "_sort", "_include", "_revinclude", "_total", "_summary", "_elements")
OF_ALL_TYPES = ("_id", "_lastUpdated", "_profile", "_security", "_source", "_tag")
WITHOUT_DEFINITION = (
    {"name": "_has", "type": "special", "documentation": "Reverse chains, nested, also across services"},
    {"name": "_list", "type": "special", "documentation": "What a List names, by its id"},
)
_HL7_COMPARTMENT = "http://hl7.org/fhir/CompartmentDefinition"
_HL7_OPERATION = "http://hl7.org/fhir/OperationDefinition"


def capability_statement(
    services: Sequence[Service],
    *,
    of_types: Iterable[str],
    of_system: Iterable[str],
    conditional: Mapping[str, Any],
    base_url: str,
    date: str,
    name: str,
) -> JsonObject:
    """What `services` answer together below `base_url`.

    `of_types` and `of_system` are codes of interactions, `conditional` what each type says of conditional ones;
    `date` says since when it is so; `name` is for people.
    """
    owners = sorted((type_, service) for service in services for type_ in service.types)
    rest: JsonObject = {
        "mode": "server",
        "resource": [_resource(s, type_, of_types, conditional) for type_, s in owners],
    }
    rest["interaction"] = [{"code": code} for code in of_system]
    rest["searchParam"] = [*(_of_all(code) for code in OF_ALL_TYPES), *WITHOUT_DEFINITION]
    rest["compartment"] = [
        f"{_HL7_COMPARTMENT}/{name[0].lower()}{name[1:]}" for name in sorted(compartments())
    ]
    operations = _once(operation for service in services for operation in operations_on(service, None))
    if operations:
        rest["operation"] = operations
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "telerehab", "version": software_version()},
        "implementation": {"description": name, "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": list(PATCH_FORMATS),
        "rest": [rest],
    }


def software_version() -> str:
    """The version of this distribution."""
    try:
        return version("telerehab")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0"


def _resource(
    service: Service, type_: str, of_types: Iterable[str], conditional: Mapping[str, Any]
) -> JsonObject:
    known = [parameter for parameter in parameters(type_).values() if searchable(parameter)]
    references = [parameter for parameter in known if _can_be_included(parameter)]
    resource: JsonObject = {
        "type": type_,
        "interaction": [{"code": code} for code in of_types],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        **conditional,
        "referencePolicy": ["literal", "logical", "local"],
        "searchInclude": ["*", *(f"{type_}:{parameter.code}" for parameter in references)],
        "searchRevInclude": ["*", *_referring_to().get(type_, ())],
        "searchParam": [_parameter(type_, parameter) for parameter in known],
        "operation": _once(operations_on(service, type_)),
    }
    return {name: value for name, value in resource.items() if value != []}


def _parameter(type_: str, parameter: Parameter) -> JsonObject:
    definition = search_parameters(type_)[parameter.code]
    return {"name": parameter.code, "definition": definition.url, "type": parameter.type}


def _of_all(code: str) -> JsonObject:
    """What every type can be searched by, so that a search over several can."""
    return _parameter("Resource", parameters("Patient")[code])


def _can_be_included(parameter: Parameter) -> bool:
    return parameter.type == "reference" and bool(parameter.paths)


@cache
def _referring_to() -> Mapping[str, Sequence[str]]:
    """What `_revinclude` can bring to each type: resources of any owner that refer to it."""
    referring: dict[str, list[str]] = {}
    for source in sorted(resource_types()):
        for parameter in search_parameters(source).values():
            if parameter.type == "reference" and parameter.expression:
                for target in parameter.targets:
                    referring.setdefault(target, []).append(f"{source}:{parameter.code}")
    return referring


def _once(operations: Iterable[Operation]) -> list[JsonObject]:
    listed = {operation.code: _operation(operation) for operation in operations}
    return [listed[code] for code in sorted(listed)]


def _operation(operation: Operation) -> JsonObject:
    told = {"name": operation.code, "definition": definition_url(operation)}
    said = operation.definition.get("description")
    return {**told, "documentation": said} if said else told


def definition_url(operation: Operation) -> str:
    """The canonical url of an operation's definition: HL7's where it is one of FHIR's."""
    own = operation.definition.get("url")
    return str(own or f"{_HL7_OPERATION}/{'-'.join(operation.types)}-{operation.code}")
