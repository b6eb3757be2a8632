"""Result parameters: how many, in what order, with what else, and how much of each.

https://hl7.org/fhir/R4/search.html#return
"""

from __future__ import annotations

from typing import Literal

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.fhirpath.element_types import members
from telerehab.fhir.search.parameter import parameters
from telerehab.fhir.search.query import Include, SortKey
from telerehab.fhir.search.refusal import malformed, not_supported, unknown_modifier, unknown_parameter

_ROWS: dict[str, Literal["date", "string", "number"]] = {
    "date": "date",
    "string": "string",
    "uri": "string",
    "number": "number",
    "quantity": "number",
}


def sort_keys(resource: str, value: str) -> tuple[SortKey, ...]:
    """`_sort=-date,name`. Raises `FhirError` 400."""
    return tuple(_sort_key(resource, key) for key in value.split(","))


def _sort_key(resource: str, key: str) -> SortKey:
    code, descending = key.removeprefix("-"), key.startswith("-")
    if code == "_id":
        return SortKey("id", descending=descending)
    if code == "_lastUpdated":
        return SortKey("last_updated", descending=descending)
    parameter = parameters(resource).get(code)
    if parameter is None:
        raise unknown_parameter(resource, code)
    rows = _ROWS.get(parameter.type)
    if rows is None or not parameter.paths or parameter.parts:
        raise not_supported("_sort", f"'{code}' has no order")
    return SortKey(rows, parameter.hash, descending)


def include(name: str, resource: str, value: str) -> Include:
    """`_include=Type:parameter[:Target]` or `*`, `_revinclude` alike, `:iterate`. Raises `FhirError` 400."""
    kind, _, modifier = name.partition(":")
    if modifier not in ("", "iterate"):
        raise unknown_modifier(kind, modifier)
    if value == "*" and kind == "_include":
        value = f"{resource}:*"
    source, _, rest = value.partition(":")
    code, _, target = rest.partition(":")
    if not code or any(type_ not in resource_types() for type_ in (source, target or source)):
        raise malformed(name, "'Type:parameter' or 'Type:parameter:TargetType'")
    iterate = modifier == "iterate"
    if code == "*":
        return Include(source, _all_references(source), target or None, iterate)
    parameter = parameters(source).get(code)
    if parameter is None or parameter.type != "reference":
        raise unknown_parameter(source, code)
    if parameter.narrows:
        narrow = parameter.indexed[0].targets[0]
        if target not in ("", narrow):
            raise malformed(name, f"possible: {source}:{code} is always a {narrow}")
        target = narrow
    return Include(source, tuple(part.hash for part in parameter.indexed), target or None, iterate)


def _all_references(source: str) -> tuple[int, ...]:
    known = parameters(source).values()
    return tuple(p.hash for p in known if p.type == "reference" and p.paths and not p.parts)


def elements(resource: str, value: str) -> tuple[str, ...]:
    """`_elements=name,birthDate`: names of elements on the first level. Raises `FhirError` 400."""
    names = [name.removeprefix(f"{resource}.") for name in value.split(",")]
    if not all(members(resource, name) for name in names):
        raise malformed("_elements", f"a list of the first elements of {resource}")
    return tuple(dict.fromkeys(names))
