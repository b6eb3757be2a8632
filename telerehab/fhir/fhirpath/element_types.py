"""Which JSON members an element has and of what type, for resolving paths before any data is there.

https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
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


def _required(element: ElementDefinition) -> str | None:
    binding = element.get("binding")
    return binding.get("valueSet") if binding and binding["strength"] == "required" else None
