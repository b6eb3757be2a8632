"""The latest observations of each kind: grouped by code, so many of each.

https://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar


class Coded(Protocol):
    """An Observation that can tell its content."""

    @property
    def content(self) -> Mapping[str, Any]: ...


T = TypeVar("T", bound=Coded)


class Latest(Generic[T]):
    """The first `most` observations of each kind of those `add`ed, which come latest first.

    Two are of one kind if they share a coding (system and code), directly or through others; text counts where
    there is no coding. What more there is of a kind is not kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._group_of: dict[Hashable, int] = {}
        self._groups: dict[int, list[tuple[int, T]]] = {}
        self._keys: dict[int, list[Hashable]] = {}
        self._added = 0

    def add(self, observation: T) -> None:
        """Count one more, older than or as old as all before."""
        keys = list(_keys(observation.content.get("code", {}))) or [None]
        known = sorted({self._group_of[key] for key in keys if key in self._group_of})
        group = known[0] if known else self._added
        self._groups.setdefault(group, [])
        self._keys.setdefault(group, [])
        for other in known[1:]:
            self._join(other, group)
        for key in keys:
            if key not in self._group_of:
                self._group_of[key] = group
                self._keys[group].append(key)
        if len(self._groups[group]) < self._most:
            self._groups[group].append((self._added, observation))
        self._added += 1

    def found(self) -> Iterable[T]:
        """What is kept: kind after kind, the one with the latest first, each latest first."""
        for group in sorted(self._groups.values(), key=lambda listed: listed[0][0]):
            for _, observation in group:
                yield observation

    def _join(self, other: int, group: int) -> None:
        """Two kinds turn out to be one."""
        joined = sorted([*self._groups.pop(other), *self._groups[group]], key=lambda one: one[0])
        self._groups[group] = joined[: self._most]
        keys = self._keys.pop(other)
        self._keys[group] += keys
        self._group_of.update(dict.fromkeys(keys, group))


def _keys(code: Mapping[str, Any]) -> Iterable[Hashable]:
    codings = [(one.get("system", ""), one["code"]) for one in code.get("coding", ()) if "code" in one]
    if codings:
        yield from codings
    elif code.get("text"):
        yield code["text"]
