"""Values of JSON as patches handle them: copied, compared, measured.

https://www.rfc-editor.org/rfc/rfc6902#section-4.6
"""

from __future__ import annotations

from typing import Any


def copied(value: Any) -> Any:
    """A copy whose objects and arrays are its own; numbers keep their text."""
    if isinstance(value, dict):
        return {name: copied(held) for name, held in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON: numbers by their value, `true` is no number, members in any order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def size_of(value: Any) -> tuple[int, int]:
    """How many values there are in it, itself among them, and how deep they are nested."""
    count, depth, level = 1, 0, [value]
    while level := [
        child
        for parent in level
        if isinstance(parent, dict | list)
        for child in (parent.values() if isinstance(parent, dict) else parent)
    ]:
        count, depth = count + len(level), depth + 1
    return count, depth


def without_empty(value: Any) -> Any:
    """The value without empty objects and arrays, which FHIR does not have; None where nothing is left.

    Nulls stay in arrays, where they keep the places of primitives and of their extensions.
    """
    if isinstance(value, dict):
        kept = {name: left for name, held in value.items() if (left := _member(name, held)) is not None}
        return kept or None
    if isinstance(value, list):
        items = [(item, without_empty(item)) for item in value]
        left = [after for before, after in items if before is None or after is not None]
        return left if any(item is not None for item in left) else None
    return value


def _member(name: str, value: Any) -> Any:
    if name.startswith("_") and isinstance(value, list):  # its places are those of the primitives beside it
        extensions = [without_empty(item) for item in value]
        return extensions if any(item is not None for item in extensions) else None
    return without_empty(value)
