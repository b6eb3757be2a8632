"""Includes, chains and `_has` across owners: what one search asks of the others, under the caller's access.

An include is one question to each other owner and level; a chain or `_has` is one question, without whose answer there
is none to the search.

An owner that does not answer is asked no more for the same page, and what it would have brought is told as missing.
https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from telerehab.access import Caller
from telerehab.fhir.definitions import resource_types
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.fhir.search.query import Include
from telerehab.owners import SERVICES, owner_of
from telerehab.resource import Resource
from telerehab.rpc.deadlines import within

if TYPE_CHECKING:
    from telerehab.engine import Engine

Reference = tuple[str, str]
_TOLD_AS_MISSING = frozenset({413, 502, 503, 504})  # the owner's trouble, not the request's


@dataclass(slots=True)
class _Asked:
    """What one level asks of one owner."""

    references: list[Reference] = field(default_factory=list)
    revincludes: list[Include] = field(default_factory=list)

    @property
    def types(self) -> set[str]:
        referring = {each.source_type or "what refers to them" for each in self.revincludes}
        return {type_ for type_, _ in self.references} | referring


class OtherOwners:
    """What one search finds at other owners: `telerehab.store.search.includes.Elsewhere`.

    All of a page's questions together have `TELEREHAB_NEIGHBOUR_TIMEOUT`.
    """

    def __init__(self, engine: Engine, caller: Caller) -> None:
        self._engine = engine
        self._caller = caller
        self._until = time.monotonic() + engine.settings.neighbour_timeout
        self._silent: dict[str, set[str]] = {}
        self._is_cut = False

    @property
    def issues(self) -> list[Issue]:
        """One for each owner that did not answer, with the types it would have brought; one for what was too much."""
        issues = [_missing(name, types) for name, types in self._silent.items()]
        if self._is_cut:
            told = "The resources of this page refer to more than is included. Ask for a smaller page."
            issues.append(Issue("incomplete", told, severity="warning"))
        return issues

    async def bring(
        self,
        found: Sequence[Resource],
        includes: Sequence[Include],
        revincludes: Sequence[Include],
        seen: Collection[Reference],
        limit: int,
    ) -> list[Resource]:
        """What other owners have for one level, and what their resources refer to here; not what is `seen`."""
        most = limit + len(seen)
        wanted = [each for each in await self._wanted(found, includes, most) if each not in seen]
        if len(wanted) > limit:
            self._is_cut, wanted = True, wanted[:limit]
        asked: dict[str, _Asked] = {}
        for reference in wanted:
            asked.setdefault(owner_of(reference[0]), _Asked()).references.append(reference)
        own = asked.pop(self._engine.service.name, _Asked())
        for each in revincludes:
            for name in self._owners(each):
                asked.setdefault(name, _Asked()).revincludes.append(each)
        referred = [(resource.type, resource.id) for resource in found]
        answers = await asyncio.gather(
            self._engine.store.read_many(own.references, self._caller.access),
            *(self._ask(name, each, referred, most) for name, each in asked.items()),
        )
        brought = {(each.type, each.id): each for answer in answers for each in answer}
        return [resource for reference, resource in brought.items() if reference not in seen]

    async def ids(self, type_: str, asked: Sequence[tuple[str, str]]) -> list[str]:
        """The ids of what matches at the owner of `type_`; FhirError 503 if it does not answer."""
        return await self.referred(type_, asked, (), "")

    async def referred(
        self, type_: str, asked: Sequence[tuple[str, str]], parameters: Sequence[int], target: str
    ) -> list[str]:
        """The ids of the `target`s that what matches there refers to by one of `parameters`."""
        query = f"{type_}?{urlencode(asked)}"
        with within(self._until - time.monotonic()):
            return await self._engine.neighbours.ids(owner_of(type_), query, self._caller, parameters, target)

    async def _wanted(
        self, found: Sequence[Resource], includes: Sequence[Include], limit: int
    ) -> list[Reference]:
        """What `found` refers to: from the search rows where they are ours, else from their content."""
        own_types = self._engine.service.types
        wanted: dict[Reference, None] = {}
        if includes:
            others = resource_types() - own_types
            wanted.update(
                dict.fromkeys(await self._engine.store.targets(found, includes, others, limit=limit))
            )
        for resource in found:
            if resource.type not in own_types:
                wanted.update(dict.fromkeys(self._references(resource, includes)))
        return list(wanted)

    def _owners(self, revinclude: Include) -> list[str]:
        """The other owners whose resources it may bring."""
        named = SERVICES if revinclude.source_type is None else (owner_of(revinclude.source_type),)
        return [name for name in named if name != self._engine.service.name]

    def _references(self, resource: Resource, includes: Sequence[Include]) -> list[Reference]:
        asked = [each for each in includes if each.source_type == resource.type]
        if not asked:
            return []
        return [
            (row.target_type, row.target_id)
            for row in self._engine.index(resource).references
            for each in asked
            if row.parameter in each.parameters and each.target_type in (None, row.target_type)
        ]

    async def _ask(
        self, owner: str, asked: _Asked, referred: Sequence[Reference], limit: int
    ) -> list[Resource]:
        if owner in self._silent:
            self._silent[owner] |= asked.types
            return []
        try:
            with within(self._until - time.monotonic()):
                return await self._engine.neighbours.include(
                    owner, asked.references, referred, asked.revincludes, self._caller, limit=limit
                )
        except FhirError as error:
            if error.status not in _TOLD_AS_MISSING:
                raise
            self._silent[owner] = asked.types
            return []


def _missing(owner: str, types: Collection[str]) -> Issue:
    named = ", ".join(sorted(types))
    told = f"The service '{owner}' does not answer now: {named} to be included with this page may be missing."
    return Issue("incomplete", told, severity="warning")
