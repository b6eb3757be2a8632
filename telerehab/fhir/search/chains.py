"""Chains, along references (`patient.name`) and against them (`_has`), and what is built of these (`_list`).

https://hl7.org/fhir/R4/search.html#chaining
https://hl7.org/fhir/R4/search.html#has
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.outcome import FhirError, too_costly
from telerehab.fhir.search.parameter import Parameter, Setting, parameters
from telerehab.fhir.search.predicate import IdIn, Predicate, ReferredBy, Refers, any_of
from telerehab.fhir.search.refusal import malformed, not_supported, unknown_modifier, unknown_parameter

DEEPEST = 3
MOST_TYPES = 12  # that a reference may lead to, where the chain does not name one
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)

Criterion: TypeAlias = Callable[[str, str, str, Setting], Predicate]
"""(resource type, name, value, setting) to a predicate: `criteria.criterion`."""


def is_chain(name: str) -> bool:
    """Whether a parameter's name is a chain; `_has` is not one, though it may hold some."""
    return "." in name and not name.startswith("_has:")


def chain(resource: str, name: str, value: str, setting: Setting, criterion: Criterion) -> Predicate:
    """`patient.name=…`, `subject:Patient.organization.name=…`. Raises `FhirError` 400."""
    link, _, rest = name.partition(".")
    code, _, type_ = link.partition(":")
    parameter = parameters(resource).get(code)
    if parameter is None:
        raise unknown_parameter(resource, code)
    deeper = _deeper(name, setting)
    keys = _keys(parameter, name)
    found: list[Predicate] = []
    refused: FhirError | None = None
    for target in _targets(parameter, type_, rest, name):
        try:
            found.append(Refers(keys, target, criterion(target, rest, value, deeper), ((rest, value),)))
        except FhirError as error:
            refused = refused or error
    if not found:
        raise refused or unknown_parameter(" or ".join(parameter.targets[:MOST_TYPES]), rest)
    return any_of(found)


def reverse_chain(resource: str, name: str, value: str, setting: Setting, criterion: Criterion) -> Predicate:
    """`_has:Observation:patient:code=…`: who is referred to by what matches. Raises `FhirError` 400."""
    parts = name.split(":", 3)
    if len(parts) != 4 or not all(parts) or parts[1] not in resource_types():
        raise malformed(name, "asked as '_has:Type:reference:parameter'")
    _, source, code, rest = parts
    parameter = parameters(source).get(code)
    if parameter is None or parameter.type != "reference":
        raise unknown_parameter(source, code)
    if not any(resource in part.targets for part in parameter.indexed):
        raise malformed(name, f"possible: {source}.{code} does not refer to {resource}")
    _keys(parameter, name)
    of = criterion(source, rest, value, _deeper(name, setting))
    return ReferredBy(
        source, code, tuple(part.hash for part in parameter.indexed), resource, of, ((rest, value),)
    )


def listed(resource: str, values: Iterable[str]) -> Predicate:
    """`_list=42`: what a List names, whatever its type. Raises `FhirError` 400."""
    ids = tuple(value.removeprefix("List/") for value in values)
    for id_ in ids:
        if id_.startswith("$"):
            raise not_supported("_list", "there are no functional lists such as $current-problems")
        if not _ID.fullmatch(id_):
            raise malformed("_list", "the id of a List")
    item = parameters("List")["item"]
    return ReferredBy(
        "List",
        "item",
        tuple(part.hash for part in item.indexed),
        resource,
        IdIn(ids),
        (("_id", ",".join(ids)),),
    )


def _deeper(name: str, setting: Setting) -> Setting:
    if setting.depth >= DEEPEST:
        raise too_costly(f"'{name[:64]}' goes on where {DEEPEST} chains have been followed; no more are.")
    return replace(setting, depth=setting.depth + 1)


def _keys(parameter: Parameter, name: str) -> tuple[str, ...]:
    if parameter.type != "reference":
        raise not_supported(name, f"'{parameter.code}' is no reference")
    if not parameter.paths or any(path.type in ("canonical", "uri") for path in parameter.paths):
        raise not_supported(name, "chains follow references, not canonical urls")
    return tuple(part.key for part in parameter.indexed)


def _targets(parameter: Parameter, named: str, rest: str, name: str) -> list[str]:
    """The types that a chain may lead to."""
    possible = [target for part in parameter.indexed for target in part.targets]
    if named:
        if named not in resource_types():
            raise unknown_modifier(parameter.code, named)
        if named not in possible:
            raise malformed(name, f"possible: '{parameter.code}' does not refer to {named}")
        return [named]
    code = rest.partition(".")[0].partition(":")[0]
    able = [each for each in dict.fromkeys(possible) if code == "_has" or code in parameters(each)]
    if len(able) > MOST_TYPES:
        raise too_costly(
            f"'{name[:64]}' may lead to {len(able)} types; name one: '{parameter.code}:Type.{code}'."
        )
    return able
