"""Links: chains, `_has` and hierarchies made answerable, the selective side first.

What the other side of a link finds is asked first: few ids stand in for it; where they are many and of this service,
both sides are asked in one statement (`condition.py`). Another owner answers its ids under the caller's access, so
that nothing hidden can be learnt; where these are too many, it is asked only about those that the other criteria of the
search lead to. If these are many too the search is refused as too costly: nothing is ever cut off.
https://hl7.org/fhir/R4/search.html#chaining
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from telerehab.access import Access
from telerehab.fhir.outcome import FhirError, bad_request, too_costly
from telerehab.fhir.search.parameter import parameter_hash
from telerehab.fhir.search.predicate import (
    NOTHING,
    All,
    AnyOf,
    HasToken,
    IdIn,
    InHierarchy,
    Not,
    Predicate,
    ReferredBy,
    Refers,
    RefersTo,
    all_of,
    links,
)
from telerehab.fhir.search.query import Query
from telerehab.fhir.search.token_hash import token_hash
from telerehab.store.aliases import Aliases
from telerehab.store.search.path import conjuncts

if TYPE_CHECKING:
    from telerehab.store.search.search import Search

MOST = 10_000  # ids that one link may come to
MANY = 2_000  # ids beyond which one's own resources are asked in the statement itself
FEW = 50  # ids up to which a reference is looked up by tokens, whose frequency is known
AT_ONCE = 200  # ids asked for in one question on a hierarchy
DEEPEST_HIERARCHY = 20
Asked = tuple[tuple[str, str], ...]


class OtherOwners(Protocol):
    """The other owners, as the links of one search see them."""

    async def ids(self, type_: str, asked: Asked) -> list[str]:
        """The ids of what matches there; FhirError 400 too-costly beyond `MOST`, 503 without an answer."""
        ...

    async def referred(self, type_: str, asked: Asked, parameters: Sequence[int], target: str) -> list[str]:
        """The ids of the `target`s that what matches there refers to by one of `parameters`; errors as `ids`."""
        ...


class Links:
    """Resolves the links of one search, the `query`; `own` are the types kept here, None for all."""

    def __init__(
        self,
        search: Search,
        query: Query,
        aliases: Aliases,
        own: Collection[str] | None,
        access: Access,
        elsewhere: OtherOwners | None,
    ) -> None:
        self._search = search
        self._query = query
        self._aliases = aliases
        self._own = own
        self._access = access
        self._elsewhere = elsewhere

    async def where(self) -> Predicate:
        """What the search asks, with links only to what is kept here and is many."""
        return await self._resolved(self._query.where)

    async def _resolved(self, predicate: Predicate) -> Predicate:
        if not links(predicate):
            return predicate
        match predicate:
            case All(of):
                return All(tuple(await self._each(of)))
            case AnyOf(of):
                return AnyOf(tuple(await self._each(of)))
            case Not(of):
                return Not(await self._resolved(of))
            case Refers():
                return await self._refers(predicate)
            case ReferredBy():
                return await self._referred_by(predicate)
            case InHierarchy():
                ids = await self._hierarchy(predicate)
                return self._to(predicate.keys, predicate.type, ids)
        return predicate

    async def _each(self, predicates: Iterable[Predicate]) -> list[Predicate]:
        return await asyncio.gather(*(self._resolved(each) for each in predicates))

    async def _refers(self, link: Refers) -> Predicate:
        if not self._is_own(link.type):
            return self._to(link.keys, link.type, await self._ids_elsewhere(link))
        link = replace(link, of=await self._resolved(link.of))
        ids = await self._search.ids(Query(link.type, link.of), self._access, limit=MANY + 1)
        if len(ids) <= MANY:
            return self._to(link.keys, link.type, ids)
        if link.type != "Patient" or not self._aliases:
            return link
        merged = All((link.of, IdIn(self._aliases.merged)))
        ids = await self._search.ids(Query(link.type, merged), self._access, limit=MOST)
        return AnyOf((link, self._to(link.keys, link.type, ids)))

    async def _referred_by(self, link: ReferredBy) -> Predicate:
        if not self._is_own(link.type):
            return self._one_of(link.target, await self._referred_elsewhere(link))
        link = replace(link, of=await self._resolved(link.of))
        query = Query(link.type, link.of)
        ids = await self._search.referred(query, self._access, link.parameters, link.target, limit=MANY)
        if ids is not None:
            return self._one_of(link.target, ids)
        if link.target != "Patient" or not self._aliases:
            return link
        ids = await self._search.referred(
            query, self._access, link.parameters, link.target, limit=MOST, among=self._aliases.merged
        )
        return AnyOf((link, self._one_of(link.target, ids or ())))

    async def _ids_elsewhere(self, link: Refers) -> list[str]:
        """What the link may lead to; of what the other criteria lead to, where that is too much."""
        neighbours = self._neighbours()
        try:
            return await neighbours.ids(link.type, link.asked)
        except FhirError as error:
            beside = self._beside() if _is_too_costly(error) else None
            if beside is None:
                raise
            parameters = tuple(token_hash(key) for key in link.keys)
            referred = await self._search.referred(beside, self._access, parameters, link.type, limit=MANY)
            if referred is None:
                raise
        found: list[str] = []
        for some in _portions(self._same(link.type, referred)):
            found += await neighbours.ids(link.type, (*link.asked, ("_id", ",".join(some))))
        return found

    async def _referred_elsewhere(self, link: ReferredBy) -> list[str]:
        """What the link may come from; of what the other criteria lead to, where that is too much."""
        neighbours = self._neighbours()
        try:
            return await neighbours.referred(link.type, link.asked, link.parameters, link.target)
        except FhirError as error:
            beside = self._beside() if _is_too_costly(error) else None
            if beside is None:
                raise
            ids = await self._search.ids(beside, self._access, limit=MANY + 1)
            if len(ids) > MANY:
                raise
        found: list[str] = []
        for some in _portions(self._same(link.target, ids)):
            asked = (*link.asked, (link.by, ",".join(f"{link.target}/{id_}" for id_ in some)))
            found += await neighbours.referred(link.type, asked, link.parameters, link.target)
        return found

    def _beside(self) -> Query | None:
        """The search without its links, if that still asks for something."""
        beside = [each for each in conjuncts(self._query.where) if not links(each)]
        return Query(self._query.type, all_of(beside)) if beside else None

    async def _hierarchy(self, link: InHierarchy) -> list[str]:
        """The resource itself and all above or below it that the caller may see."""
        known = {link.id: None}
        level = [link.id]
        for _ in range(DEEPEST_HIERARCHY):
            found = [await self._next(link, some) for some in _portions(level)]
            level = list(dict.fromkeys(id_ for ids in found for id_ in ids if id_ not in known))
            known.update(dict.fromkeys(level))
            if not level:
                return list(known)
            if len(known) > MOST:
                break
        raise too_costly(f"The hierarchy of {link.type}/{link.id} is too large to be searched by.")

    async def _next(self, link: InHierarchy, level: Sequence[str]) -> Sequence[str]:
        parameter = parameter_hash(link.type, link.part_of)
        named = ",".join(f"{link.type}/{id_}" for id_ in level)
        if link.below:
            of: Predicate = RefersTo((parameter,), link.type, tuple(level))
            asked: Asked = ((link.part_of, named),)
        else:
            ids = (("_id", ",".join(level)),)
            of = ReferredBy(link.type, link.part_of, (parameter,), link.type, IdIn(tuple(level)), ids)
            asked = ((f"_has:{link.type}:{link.part_of}:_id", ids[0][1]),)
        if not self._is_own(link.type):
            return await self._neighbours().ids(link.type, asked)
        return await self._search.ids(Query(link.type, of), self._access, limit=MOST + 1)

    def _to(self, keys: Sequence[str], type_: str, ids: Iterable[str]) -> Predicate:
        same = self._same(type_, ids)
        if not same:
            return NOTHING
        if len(same) <= FEW:
            return HasToken(tuple(token_hash(key, "to", type_, id_) for key in keys for id_ in same))
        return RefersTo(tuple(token_hash(key) for key in keys), type_, same)

    def _one_of(self, type_: str, ids: Iterable[str]) -> Predicate:
        same = self._same(type_, ids)
        return IdIn(same) if same else NOTHING

    def _same(self, type_: str, ids: Iterable[str]) -> tuple[str, ...]:
        return self._aliases.of_all(ids) if type_ == "Patient" else tuple(dict.fromkeys(ids))

    def _is_own(self, type_: str) -> bool:
        return self._own is None or type_ in self._own

    def _neighbours(self) -> OtherOwners:
        if self._elsewhere is None:
            told = "What is decided here asks no other service: chains and _has stay within its own types."
            raise bad_request(told, code="not-supported")
        return self._elsewhere


def _portions(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)]


def _is_too_costly(error: FhirError) -> bool:
    return error.status == 400 and all(issue.code == "too-costly" for issue in error.issues)
