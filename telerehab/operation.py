"""FHIR $operations: declared by their OperationDefinition, which parses the input and feeds the metadata.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request

if TYPE_CHECKING:
    from telerehab.resource import Resource
    from telerehab.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Parameters:
    """The input of an operation: values by parameter name, in order, already checked against its definition.

    Values are JSON, or `Parameters` where a parameter is made of parts. `on` is the resource of an instance-level
    call, `type` the type in the URL ("" at the system). `search` are the search parameters, in order, of an operation
    that takes them.
    """

    values: Mapping[str, list[Any]] = field(default_factory=dict)
    on: Resource | None = None
    type: str = ""
    search: Sequence[tuple[str, str]] = ()

    def one(self, name: str) -> Any | None:
        """The value of a parameter that occurs at most once, or None."""
        values = self.values.get(name)
        return values[0] if values else None

    def required(self, name: str) -> Any:
        """The value of a parameter; 400 naming it where it is lacking."""
        value = self.one(name)
        if value is None:
            raise bad_request(f"The parameter '{name}' is required.", f"Parameters.{name}", "required")
        return value

    def all(self, name: str) -> list[Any]:
        return self.values.get(name, [])


OperationFunction = Callable[[Parameters, "UnitOfWork"], Awaitable["JsonObject | Resource"]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as registered: its OperationDefinition and the function that answers a resource.

    One that `affectsState` is committed by the caller and planned again when the commit misses. One that `searches`
    takes the search parameters of its type besides those of its definition.
    """

    definition: JsonObject
    perform: OperationFunction
    searches: bool = False

    @property
    def code(self) -> str:
        return str(self.definition["code"])

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(self.definition.get("resource", ()))

    @property
    def writes(self) -> bool:
        return bool(self.definition.get("affectsState", False))


def operation(definition_file: str) -> Callable[[OperationFunction], Operation]:
    """Declare an operation; `definition_file` is the OperationDefinition beside the module."""

    def declare(perform: OperationFunction) -> Operation:
        path = Path(inspect.getfile(perform)).parent / definition_file
        return Operation(json.parse_object(path.read_bytes()), perform)

    return declare
