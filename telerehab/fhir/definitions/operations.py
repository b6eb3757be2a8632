"""The 46 operations that R4 itself defines.

https://hl7.org/fhir/R4/operationslist.html
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NotRequired, TypedDict

import orjson


class OperationParameter(TypedDict):
    """One parameter; `type` is absent for one made of parts."""

    name: str
    use: str
    min: int
    max: str
    documentation: NotRequired[str]
    type: NotRequired[str]
    searchType: NotRequired[str]
    targetProfile: NotRequired[list[str]]
    part: NotRequired[list[OperationParameter]]


class OperationDefinition(TypedDict):
    """An operation: `code` without the `$`, `resource` the types it is defined on (`Resource` is any type)."""

    code: str
    name: str
    description: str
    comment: NotRequired[str]
    system: bool
    type: bool
    instance: bool
    resource: list[str]
    parameter: list[OperationParameter]


@cache
def operation_definitions() -> tuple[OperationDefinition, ...]:
    """All operations, in the order of their types."""
    text = (files("telerehab.fhir.definitions") / "data" / "operations.json").read_bytes()
    return tuple(orjson.loads(text))


def operation_definition(code: str, resource_type: str | None = None) -> OperationDefinition | None:
    """The definition of `$code` on a type (`None`: at the system), or None where R4 has none."""
    for operation in operation_definitions():
        if operation["code"] != code:
            continue
        if operation["system"] if resource_type is None else _is_on(operation, resource_type):
            return operation
    return None


def _is_on(operation: OperationDefinition, resource_type: str) -> bool:
    on_type = operation["type"] or operation["instance"]
    return on_type and not {resource_type, "Resource"}.isdisjoint(operation["resource"])
