"""Result parameters: how many, in what order, with what else, and how much of each.

https://hl7.org/fhir/R4/search.html#return
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.fhirpath.element_types import members
from telerehab.fhir.fhirpath.paths import Field
from telerehab.fhir.search.parameter import Parameter, parameters
from telerehab.fhir.search.query import SYSTEM, Include, SortKey
from telerehab.fhir.search.refusal import malformed, not_supported, unknown_modifier, unknown_parameter

_ROWS: dict[str, Literal["date", "string", "number", "reference"]] = {
    "date": "date",
    "reference": "reference",
    "string": "string",
    "uri": "string",
    "number": "number",
    "quantity": "number",
}

_CODES: dict[str, tuple[str, ...]] = {
    "CodeableConcept": ("coding", "code"),
    "Coding": ("code",),
    "ContactPoint": ("value",),
    "Identifier": ("value",),
    **dict.fromkeys(("boolean", "code", "id", "string", "uri"), ()),
}
"""Where the text is that a token of each type is ordered by."""


def sort_keys(resource: str, value: str) -> tuple[SortKey, ...]:
    """`_sort=-date,name`. Raises `FhirError` 400."""
    return tuple(_sort_key(resource, key) for key in value.split(","))


def _sort_key(resource: str, key: str) -> SortKey:
    code, descending = key.removeprefix("-"), key.startswith("-")
    if code == "_id":
        return SortKey("id", descending=descending)
    if code == "_lastUpdated":
        return SortKey("last_updated", descending=descending)
    if resource == SYSTEM:
        raise not_supported("_sort", "several types have only '_id' and '_lastUpdated' to be ordered by")
    parameter = parameters(resource).get(code)
    if parameter is None:
        raise unknown_parameter(resource, code)
    if parameter.narrows:
        parameter = parameter.indexed[0]
    rows = _ROWS.get(parameter.type)
    if parameter.type == "token":
        elements = _texts(parameter)
        if elements:
            return SortKey("code", parameter.hash, descending, elements)
    if rows is None or not parameter.paths or (parameter.parts and not parameter.narrows):
        raise not_supported("_sort", f"'{code}' has no order")
    return SortKey(rows, parameter.hash, descending)


def _texts(parameter: Parameter) -> tuple[tuple[str, ...], ...]:
    """Where the codes of a token stand; nothing where they depend on other elements (a phone among the telecoms)."""
    found = []
    for path in parameter.paths:
        names = [step.key for step in path.steps if isinstance(step, Field) and step.at is None]
        if len(names) < len(path.steps) or path.type not in _CODES:
            return ()
        found.append((*names, *_CODES[path.type]))
    return tuple(found)


def include(name: str, resource: str, value: str) -> Include:
    """`_include=Type:parameter[:Target]` or `*`, `_revinclude` alike, `:iterate`. Raises `FhirError` 400."""
    kind, _, modifier = name.partition(":")
    if modifier not in ("", "iterate"):
        raise unknown_modifier(kind, modifier)
    if value == "*" and kind == "_revinclude":
        return Include(None, _all_referring(resource), resource or None, modifier == "iterate")
    if value == "*" and resource != SYSTEM:
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


@cache
def _all_referring(target: str) -> tuple[int, ...]:
    """The parameters of all types by which something may refer to a `target`."""
    return tuple(
        parameter.hash
        for source in sorted(resource_types())
        for parameter in parameters(source).values()
        if parameter.type == "reference" and parameter.paths and not parameter.parts
        if target == SYSTEM or target in parameter.targets
    )


def elements(resource: str, value: str) -> tuple[str, ...]:
    """`_elements=name,birthDate`: names of elements on the first level. Raises `FhirError` 400."""
    names = [name.removeprefix(f"{resource}.") for name in value.split(",")]
    if resource != SYSTEM and not all(members(resource, name) for name in names):
        raise malformed("_elements", f"a list of the first elements of {resource}")
    return tuple(dict.fromkeys(names))
