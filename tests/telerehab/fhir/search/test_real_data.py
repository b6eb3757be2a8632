"""Searching real resources by their own values, and indexing whatever is valid."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from telerehab.fhir.fhirpath.paths import Path, selector
from telerehab.fhir.search import index, matches, parameters, parse_query, searchable
from telerehab.fhir.search.types import SEARCH_TYPES
from telerehab.fhir.validation import validate

Resource = dict[str, Any]


def test_every_value_in_real_data_finds_its_resource(
    examples: list[tuple[str, Resource]], synthea: list[Resource]
) -> None:
    asked = set()
    for resource in [*(resource for _, resource in examples), *synthea[::10]]:
        type_, rows = resource["resourceType"], index(resource)
        for parameter in parameters(type_).values():
            if not searchable(parameter) or parameter.code == "_lastUpdated":
                continue
            for path in parameter.paths:
                if SEARCH_TYPES[parameter.type].index(parameter, path, "") is None:
                    continue
                for text in {text for value in selector([path])(resource) for text in asking(path, value)}:
                    where = parse_query(type_, [(parameter.code, text)]).where
                    assert matches(where, rows), (type_, resource.get("id"), parameter.code, text)
                    asked.add((type_, parameter.code))
    assert len(asked) > 700


def asking(path: Path, value: Any) -> Iterator[str]:
    """Search values that a value of the path's type must be found by."""
    match path.type:
        case "CodeableConcept":
            for coding in value.get("coding", ()):
                yield from coded(coding, "code")
        case "Coding":
            yield from coded(value, "code")
        case "Identifier":
            yield from coded(value, "value")
        case "HumanName":
            yield from (escaped(value[part]) for part in ("family", "text") if part in value)
        case "Address":
            yield from (escaped(value[part])[:4] for part in ("city", "country") if part in value)
        case "ContactPoint":
            yield from (escaped(value["value"]) for _ in ("value",) if "value" in value)
        case "Reference":
            text = value.get("reference", "#")
            if text[0] != "#":
                yield escaped(text)
            if text.count("/") == 1:
                yield text.partition("/")[2]
        case "Quantity" | "Money" | "Age" | "Duration":
            if "value" in value and "comparator" not in value:
                yield str(value["value"])
                yield "|".join(
                    [f"le{value['value']}", escaped(value.get("system", "")), escaped(value.get("code", ""))]
                )
        case "Period":
            yield from (f"ge{value['start']}" for _ in "1" if "start" in value)
            yield from (f"le{value['end']}" for _ in "1" if "end" in value)
        case "boolean":
            yield str(value).lower()
        case "id" | "code" | "string" | "markdown" | "uri" | "url" | "canonical":
            yield escaped(value)
        case "date" | "dateTime" | "instant":
            yield from (value, f"ge{value}", f"le{value}", f"ap{value}")
        case "integer" | "decimal" | "positiveInt" | "unsignedInt":
            yield from (str(value), f"ge{value}", f"le{value}")


def coded(element: Resource, name: str) -> Iterator[str]:
    if name in element:
        yield escaped(element[name])
        yield f"{escaped(element.get('system', ''))}|{escaped(element[name])}"
    if "system" in element:
        yield f"{escaped(element['system'])}|"


def escaped(text: str) -> str:
    for separator in "\\,|$":
        text = text.replace(separator, f"\\{separator}")
    return text


def test_whatever_the_validator_accepts_is_indexed(examples: list[tuple[str, Resource]]) -> None:
    chance = random.Random(5)
    accepted = 0
    while accepted < 1000:
        resource = copy.deepcopy(chance.choice(examples)[1])
        for _ in range(chance.randint(1, 4)):
            change(resource, chance)
        if all(issue.severity not in ("error", "fatal") for issue in validate(resource)):
            index(resource)
            accepted += 1


def change(resource: Resource, chance: random.Random) -> None:
    """Take one member away, or leave only an extension of it."""
    parent, name = chance.choice([place for place in members(resource) if place[1] != "resourceType"])
    value = parent.pop(name)
    extended = {"extension": [{"url": "http://example.org/why", "valueString": "unknown"}]}
    if isinstance(value, str) and chance.random() < 0.4:
        parent[f"_{name}"] = extended
    elif isinstance(value, list) and chance.random() < 0.4:
        parent[name] = [None, *value]
        parent[f"_{name}"] = [extended, *(None for _ in value)]
    elif isinstance(value, dict) and chance.random() < 0.4:
        parent[name] = extended


def members(element: Any) -> Iterator[tuple[Resource, str]]:
    if isinstance(element, dict):
        for name, value in element.items():
            yield element, name
            yield from members(value)
    elif isinstance(element, list):
        for item in element:
            yield from members(item)
