"""The structure of each R4 type, one file a type, read when it is first asked for.

https://hl7.org/fhir/R4/structuredefinition.html
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, NotRequired, TypedDict, cast

import orjson

_FOLDER = files("telerehab.fhir.definitions") / "data" / "structures"


class ElementType(TypedDict):
    """One type an element may have; `targetProfile` are resource type names (Reference, canonical)."""

    code: str
    targetProfile: NotRequired[list[str]]
    profile: NotRequired[list[str]]


class Binding(TypedDict):
    strength: Literal["required", "extensible", "preferred", "example"]
    valueSet: NotRequired[str]


class Constraint(TypedDict):
    """One invariant: `expression` is FHIRPath, `human` what it means."""

    key: str
    severity: Literal["error", "warning"]
    expression: str
    human: str


class ElementDefinition(TypedDict):
    """One element of a snapshot; `path` as HL7 writes it (`Observation.value[x]`), `max` is `0`, `1` or `*`."""

    path: str
    min: int
    max: str
    type: NotRequired[list[ElementType]]
    binding: NotRequired[Binding]
    constraint: NotRequired[list[Constraint]]
    contentReference: NotRequired[str]
    isModifier: NotRequired[bool]
    isSummary: NotRequired[bool]


class Structure(TypedDict):
    """A type's snapshot: its first element is the type itself, the rest are in document order."""

    kind: Literal["primitive-type", "complex-type", "resource", "logical"]
    abstract: bool
    baseDefinition: str
    element: list[ElementDefinition]


# What is built from a structure is kept, the structure itself is not: all of them would take 20 MB.
@lru_cache(maxsize=24)
def structure(type_name: str) -> Structure:
    """The definition of one type (`Patient`, `HumanName`, `code`); read-only. Raises KeyError for no R4 type."""
    if not type_name.isalnum():
        raise KeyError(type_name)
    try:
        text = (_FOLDER / f"{type_name}.json").read_bytes()
    except FileNotFoundError:
        raise KeyError(type_name) from None
    return cast(Structure, orjson.loads(text))


@cache
def resource_types() -> frozenset[str]:
    """The names of the 146 R4 resource types that have instances (not Resource and DomainResource)."""
    from telerehab.fhir.definitions.value_sets import value_set

    names = {concept.code for concept in value_set("http://hl7.org/fhir/ValueSet/resource-types") or ()}
    return frozenset(names - {"Resource", "DomainResource"})
