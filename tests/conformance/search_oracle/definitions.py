"""What the definitions say a search parameter selects: its expression, evaluated here by a small FHIRPath of its own.

The product's reading of the same definitions is not used: this is what it is held against.

https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "telerehab/fhir/definitions/data"

Json = dict[str, Any]


@dataclass(frozen=True)
class Element:
    """An element of a resource: its value and its type ("HumanName"), or its path where it has none of its own."""

    value: Any
    type: str


@cache
def elements(type_: str) -> dict[str, list[str]]:
    """The types of each element of a type, by path; of one with a contentReference the path it points to."""
    definition = json.loads((DATA / f"structures/{type_}.json").read_text("utf-8"))
    found = {}
    for element in definition["element"]:
        if "contentReference" in element:
            found[element["path"]] = [element["contentReference"].lstrip("#")]
        else:
            found[element["path"]] = [one["code"] for one in element.get("type", [])]
    return found


@cache
def search_parameters(type_: str) -> dict[str, Json]:
    """The parameters of a type, with those of Resource and DomainResource."""
    defined = json.loads((DATA / "search-parameters.json").read_text("utf-8"))
    return {p["code"]: p for p in defined if {type_, "Resource", "DomainResource"} & set(p["base"])}


@cache
def parameter_by_url(url: str) -> Json:
    """The definition of a composite's component."""
    defined = json.loads((DATA / "search-parameters.json").read_text("utf-8"))
    found: Json = next(p for p in defined if p["url"] == url)
    return found


def selected(resource: Json, expression: str) -> list[Element]:
    """What the expression of a parameter selects in a resource."""
    type_ = resource["resourceType"]
    if expression.startswith("Patient.deceased.exists()"):
        dead = "deceasedDateTime" in resource or resource.get("deceasedBoolean", False)
        return [Element(dead, "boolean")] if type_ == "Patient" else []
    root = Element(resource, type_)
    found = []
    for alternative in expression.split(" | "):
        start = re.match(r"\(?(\w+)", alternative)
        assert start
        if start[1] in (type_, "Resource"):
            found += follow([root], alternative.replace(start[1], "%", 1))
    return found


def within(element: Element, expression: str) -> list[Element]:
    """What the expression of a component selects from the element its composite selects."""
    found = []
    for alternative in expression.split(" | "):
        found += follow([element], f"%.{alternative}")
    return found


def follow(elements: list[Element], path: str) -> list[Element]:
    """`%` stands for the elements to start from; members, `as`, `where(system='…')`, `where(resolve() is …)`."""
    cast = re.fullmatch(r"\((%[\w.]*) as (\w+)\)(.*)", path)
    if cast:
        of_type = [one for one in follow(elements, cast[1]) if one.type == cast[2]]
        return follow(of_type, f"%{cast[3]}")
    step = re.match(r"%\.(as\((\w+)\)|where\(resolve\(\) is (\w+)\)|where\((\w+)='(\w+)'\)|(\w+))(.*)", path)
    if not step:
        assert path == "%", path
        return elements
    _, type_, target, key, value, member, rest = step.groups()
    if type_:
        wanted = "dateTime" if type_ == "DateTime" else type_
        elements = [one for one in elements if one.type == wanted]
    elif target:
        elements = [one for one in elements if target_type(one) == target]
    elif key:
        elements = [one for one in elements if one.value.get(key) == value]
    else:
        elements = [one for element in elements for one in members(element, member)]
    return follow(elements, f"%{rest}")


def members(element: Element, name: str) -> list[Element]:
    """The elements of that name; of a choice (`value`) with the type it has."""
    known = elements_of(element.type)
    path = f"{element.type}.{name}"
    if path in known:
        types, keys = known[path], [name]
    else:
        types = known[f"{path}[x]"]
        keys = [name + type_[0].upper() + type_[1:] for type_ in types]
    found = []
    for number, key in enumerate(keys):
        values = element.value.get(key, [])
        for value in values if isinstance(values, list) else [values]:
            type_ = types[number]
            type_ = path if type_ in ("BackboneElement", "Element") else type_
            if value is not None:
                found.append(Element(value, type_))
    return found


def elements_of(type_: str) -> dict[str, list[str]]:
    return elements(type_.partition(".")[0])


def target_type(element: Element) -> str | None:
    """The type of what a Reference refers to, if it tells; contained resources are not searched."""
    reference = element.value.get("reference", "")
    literal = re.fullmatch(r"(?:.*/)?([A-Z]\w+)/[^/]+(?:/_history/[^/]+)?", reference)
    return literal[1] if literal else element.value.get("type")
