"""$validate: whether a resource would be accepted, with everything that is wrong about it; stores nothing.

https://hl7.org/fhir/R4/resource-operation-validate.html
"""

from __future__ import annotations

from typing import Any, cast

from telerehab.fhir.definitions import operation_definition
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, operation_outcome
from telerehab.operation import Operation, Parameters
from telerehab.resource import with_id
from telerehab.unit_of_work import UnitOfWork

_BASE = "http://hl7.org/fhir/StructureDefinition/"
_ON_ONE = ("update", "delete")
_MODES = (None, "create", "profile", *_ON_ONE)


async def _validate(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """An OperationOutcome, without any issue of severity error where the resource would be accepted."""
    resource, mode = parameters.one("resource"), parameters.one("mode")
    _require_known_profile(parameters, resource)
    if mode not in _MODES:
        raise bad_request("The mode is create, update, delete or profile.", "mode", "code-invalid")
    if mode in _ON_ONE and parameters.on is None:
        raise bad_request(f"Mode '{mode}' is asked of one resource: [type]/[id]/$validate.", "mode", "value")
    if mode == "delete":
        return operation_outcome(await _deletion(parameters, work))
    if resource is None and mode not in _ON_ONE and parameters.on is not None:
        resource = parameters.on.content  # as it is stored
    if resource is None:
        raise bad_request("Validation needs a resource.", "resource", "required")
    if parameters.type and resource.get("resourceType") != parameters.type:
        told = f"The URL is about {parameters.type}, the resource must be of that type."
        return operation_outcome([Issue("invalid", told, "resourceType")])
    if mode is None or mode == "profile":
        return operation_outcome(work.engine.validate(resource, advises=True))
    return operation_outcome(await _plan(parameters, work, resource, mode))


async def _plan(parameters: Parameters, work: UnitOfWork, resource: JsonObject, mode: str) -> list[Issue]:
    """What would speak against creating the resource, or making it the next version."""
    found = work.engine.validate(resource, advises=True)
    if any(issue.severity == "error" for issue in found):
        return found
    if resource["resourceType"] not in work.engine.service.types:
        told = f"{resource['resourceType']} is not stored by this service."
        return [*found, Issue("not-supported", told, "resourceType")]
    try:
        if mode == "create":
            work.create({name: value for name, value in resource.items() if name != "id"})
        elif parameters.on is not None and resource.get("id", parameters.on.id) != parameters.on.id:
            return [Issue("invalid", "The id must be the one in the URL.", f"{resource['resourceType']}.id")]
        elif parameters.on is not None:
            await work.put(with_id(resource, parameters.on.id))
        await work.plan()
    except FhirError as error:
        return [*found, *error.issues]
    return found


async def _deletion(parameters: Parameters, work: UnitOfWork) -> list[Issue]:
    """What would speak against deleting the resource."""
    assert parameters.on is not None
    try:
        await work.delete(parameters.on.type, parameters.on.id)
        await work.plan()
    except FhirError as error:
        return list(error.issues)
    return []


def _require_known_profile(parameters: Parameters, resource: JsonObject | None) -> None:
    """Refuse a profile that cannot be judged, as the definition demands."""
    profile: Any = parameters.one("profile")
    type_ = parameters.type or (resource or {}).get("resourceType")
    if profile is not None and profile not in (
        f"{_BASE}{type_}",
        f"{_BASE}Resource",
        f"{_BASE}DomainResource",
    ):
        raise FhirError(422, [Issue("not-supported", "That profile is not known here.", "profile")])


# R4 defines it on types and instances; on the whole system it takes the type from the resource
_definition = {**cast(JsonObject, operation_definition("validate", "Resource")), "system": True}
validate = Operation(_definition, _validate)
