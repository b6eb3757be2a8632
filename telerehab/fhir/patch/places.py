"""Places in a resource: where an element stands, so that it can be taken away, replaced or added to.

A primitive and its extensions are one element, though JSON has two members for it ("birthDate", "_birthDate").
https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from telerehab.fhir.definitions import structure
from telerehab.fhir.fhirpath.element_types import members
from telerehab.fhir.json import JsonObject

Pair = tuple[Any, Any]
"""An element: its value, and what JSON has beside a primitive's value; None for what is not there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element of `type` stands: at `key` of `holder`, there item `index` if it repeats.

    It is the element `name` of the type `parent`.
    """

    holder: JsonObject
    key: str
    index: int | None
    type: str
    parent: str
    name: str

    @property
    def pair(self) -> Pair:
        return pairs_at(self.holder, self.key)[self.index or 0]

    @property
    def value(self) -> Any:
        return self.pair[0]

    def children(self, name: str) -> list[Place]:
        """The places of the elements called `name` below this one; those of a choice by the name without type."""
        inside = self._inside()
        return [
            Place(inside, member.key, index, type_of(value, member.type), self.type, name)
            for member in members(self.type, name)
            for index, (value, beside) in enumerate_pairs(inside, member.key)
            if value is not None or beside is not None
        ]

    def inside(self) -> JsonObject:
        """The object that holds the members of this element; made where a primitive has none yet."""
        value, beside = self.pair
        if isinstance(value, dict):
            return value
        if not isinstance(beside, dict):
            beside = {}
            self.replace((value, beside))
        return beside

    def replace(self, pair: Pair) -> None:
        """Put another element here."""
        pairs = pairs_at(self.holder, self.key)
        pairs[self.index or 0] = pair
        put_pairs(self.holder, self.key, pairs, repeats=self.index is not None)

    def remove(self) -> None:
        """Take the element away."""
        pairs = pairs_at(self.holder, self.key)
        del pairs[self.index or 0]
        put_pairs(self.holder, self.key, pairs, repeats=self.index is not None)

    def _inside(self) -> JsonObject:
        value, beside = self.pair
        found = value if isinstance(value, dict) else beside
        return found if isinstance(found, dict) else {}


def root_place(content: JsonObject) -> Place:
    """The place of a whole resource."""
    return Place({"": content}, "", None, content["resourceType"], "", "")


def pairs_at(holder: JsonObject, key: str) -> list[Pair]:
    """The elements at a key: none, one, or those of a list."""
    value, beside = holder.get(key), holder.get(f"_{key}")
    if value is None and beside is None:
        return []
    if not isinstance(value, list) and not isinstance(beside, list):
        return [(value, beside)]
    values, besides = _listed(value), _listed(beside)
    length = max(len(values), len(besides))
    return list(zip(_padded(values, length), _padded(besides, length), strict=True))


def enumerate_pairs(holder: JsonObject, key: str) -> list[tuple[int | None, Pair]]:
    """The elements at a key with their index, None where the element does not repeat."""
    repeats = isinstance(holder.get(key), list) or isinstance(holder.get(f"_{key}"), list)
    return [(index if repeats else None, pair) for index, pair in enumerate(pairs_at(holder, key))]


def put_pairs(holder: JsonObject, key: str, pairs: list[Pair], *, repeats: bool) -> None:
    """Put elements at a key in place of those that are there, in FHIR's form: no member without content."""
    values, besides = [value for value, _ in pairs], [beside for _, beside in pairs]
    for name, parts in ((key, values), (f"_{key}", besides)):
        if all(part is None for part in parts):
            holder.pop(name, None)
        else:
            holder[name] = parts if repeats else parts[0]


def type_of(value: Any, declared: str) -> str:
    """The type of an element: a resource inside another says its own."""
    own = value.get("resourceType") if isinstance(value, dict) else None
    return own if isinstance(own, str) else declared


def repeats(type_: str, name: str) -> bool:
    """Whether the element `name` of `type_` may occur more than once."""
    return f"{type_}.{name}" in _repeating(type_.partition(".")[0])


@cache
def _repeating(root: str) -> frozenset[str]:
    return frozenset(
        element["path"].removesuffix("[x]")
        for element in structure(root)["element"][1:]
        if element["max"] not in ("0", "1")
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _padded(items: list[Any], length: int) -> list[Any]:
    return [*items, *[None] * (length - len(items))]
