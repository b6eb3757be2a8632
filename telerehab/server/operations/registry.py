"""Which operations a service answers: its own and those that every service has.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

from collections.abc import Iterator

from telerehab.operation import Operation
from telerehab.server.operations.validate import validate
from telerehab.service import Service

EVERYWHERE: tuple[Operation, ...] = (validate,)


def operations_on(service: Service, type_: str | None) -> Iterator[Operation]:
    """The operations on a type (type or instance level), or with None those on the whole system."""
    for operation in (*service.operations, *EVERYWHERE):
        definition = operation.definition
        on_types = definition["type"] or definition["instance"]
        named = not {type_, "Resource"}.isdisjoint(operation.types)
        if definition["system"] if type_ is None else on_types and named:
            yield operation


def find_operation(service: Service, code: str, type_: str | None, *, instance: bool) -> Operation | None:
    """The operation `$code` at a level, or None where there is none."""
    level = "instance" if instance else "type" if type_ else "system"
    for operation in operations_on(service, type_):
        if operation.code == code and operation.definition[level]:
            return operation
    return None
