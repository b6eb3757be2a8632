"""Which JSON members an element has and of what type, for resolving paths before any data is there.

https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from telerehab.fhir.definitions import ElementDefinition, structure

_INLINE = frozenset({"BackboneElement", "Element"})


class Member(NamedTuple):
    """A JSON member: its `key`, the `type` it holds, and the value set of a required binding.

    `type` is the name of a type, or for an element defined in place its path (`Observation.component`).
    """

    key: str
    type: str
    value_set: str | None = None


@lru_cache(maxsize=1 << 14)  # names may be a client's
def members(type_: str, name: str) -> tuple[Member, ...]:
    """What `name` may be within `type_`: none if there is no such element, several for a choice (`value`)."""
    return _members(type_.partition(".")[0]).get(f"{type_}.{name}", ())


@cache
def _members(root: str) -> Mapping[str, tuple[Member, ...]]:
    try:
        elements = structure(root)["element"][1:]
    except KeyError:
        return {}
    return {element["path"].removesuffix("[x]"): tuple(_possible(element)) for element in elements}


def _possible(element: ElementDefinition) -> Iterator[Member]:
    path = element["path"]
    name = path.rpartition(".")[2]
    value_set = _required(element)
    if "contentReference" in element:
        yield Member(name, element["contentReference"].removeprefix("#"))
    for type_ in element.get("type", ()):
        code = type_["code"]
        if name.endswith("[x]"):
            yield Member(name[:-3] + code[0].upper() + code[1:], code, value_set)
        else:
            yield Member(name, path if code in _INLINE else code, value_set)


@cache
def base_types(type_: str) -> tuple[str, ...]:
    """What a type is derived from, nearest first: of `code` it is `string` and `Element`."""
    if "." in type_:
        return "BackboneElement", "Element"
    try:
        base = structure(type_)["baseDefinition"]
    except KeyError:
        return ()
    return (base, *base_types(base)) if base else ()


@cache
def every_member(type_: str) -> Mapping[str, Member]:
    """All members that `type_` may have, by JSON key."""
    own = _members(type_.partition(".")[0])
    depth = type_.count(".") + 1
    below = (
        found for path, found in own.items() if path.startswith(type_ + ".") and path.count(".") == depth
    )
    return {member.key: member for found in below for member in found}


@lru_cache(maxsize=1 << 12)
def is_primitive(type_: str) -> bool:
    """Whether a value of this type is a JSON value with a `_` companion."""
    return type_[:1].islower() and "." not in type_


def _required(element: ElementDefinition) -> str | None:
    binding = element.get("binding")
    return binding.get("valueSet") if binding and binding["strength"] == "required" else None
