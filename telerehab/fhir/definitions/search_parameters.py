"""The search parameters that HL7 defines for R4, by resource type.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

_NO_DOMAIN_RESOURCE = frozenset({"Binary", "Bundle", "Parameters"})


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a composite parameter: the url of its own definition, its path from the composite's."""

    definition: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One SearchParameter; `expression` is empty for the few without (`_text`, `_content`, `_query`)."""

    url: str
    code: str
    type: str
    expression: str
    targets: tuple[str, ...]
    components: tuple[Component, ...]
    description: str


@cache
def search_parameters(type_: str) -> Mapping[str, SearchParameter]:
    """By code, all parameters of a resource type, those of Resource and DomainResource among them."""
    bases = ["Resource", *([] if type_ in _NO_DOMAIN_RESOURCE else ["DomainResource"]), type_]
    return MappingProxyType({p.code: p for base in bases for p in _by_base().get(base, ())})


@cache
def search_parameter(url: str) -> SearchParameter:
    """The parameter with that canonical url; KeyError where there is none."""
    return {p.url: p for parameters in _by_base().values() for p in parameters}[url]


@cache
def _by_base() -> Mapping[str, tuple[SearchParameter, ...]]:
    source = files("telerehab.fhir.definitions").joinpath("data/search-parameters.json")
    by_base: dict[str, list[SearchParameter]] = {}
    for definition in json.loads(source.read_text("utf-8")):
        parameter = _parameter(definition)
        for base in definition["base"]:
            by_base.setdefault(base, []).append(parameter)
    return {base: tuple(parameters) for base, parameters in by_base.items()}


def _parameter(definition: Mapping[str, Any]) -> SearchParameter:
    return SearchParameter(
        url=definition["url"],
        code=definition["code"],
        type=definition["type"],
        expression=definition.get("expression", ""),
        targets=tuple(definition.get("target", ())),
        components=tuple(Component(**component) for component in definition.get("component", ())),
        description=definition["description"],
    )
