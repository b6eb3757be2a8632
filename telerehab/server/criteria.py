"""Search criteria that decide a write: If-None-Exist, conditional update, patch and delete, conditional references.

Two clients that race on the same criteria must not both find nothing: the counter of the criteria, read before the
search and counted up by whoever acts on it, lets one commit and has the others plan again.
https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telerehab.fhir.outcome import FhirError, Issue, bad_request, multiple_matches
from telerehab.fhir.search import parse_query
from telerehab.fhir.search.predicate import All, Predicate
from telerehab.fhir.search.query import Query
from telerehab.resource import Resource
from telerehab.server.including import OtherOwners
from telerehab.server.request import Pairs, decoded_pairs
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Counter, Missed

if TYPE_CHECKING:
    from telerehab.access import Caller
    from telerehab.engine import Engine


@dataclass(frozen=True, slots=True)
class Criteria:
    """Criteria over one type, as they were written: what is known of aliases must not tell two counters apart."""

    query: Query
    pairs: Pairs
    base: str

    @classmethod
    def of(cls, type_: str, text: str, base: str) -> Criteria:
        """Read criteria as in a URL ("identifier=http://example.org|1"); always strict, 400 naming what is wrong."""
        return cls.of_pairs(
            type_, decoded_pairs(text.strip().removeprefix("?").removeprefix(f"{type_}?")), base
        )

    @classmethod
    def of_pairs(cls, type_: str, pairs: Pairs, base: str) -> Criteria:
        """As `of`, for criteria that are parameters already."""
        query = parse_query(type_, pairs, base=base)
        if not _conjuncts(query.where):
            raise bad_request("Criteria must name at least one search parameter.", code="required")
        return cls(query, pairs, base)

    @property
    def key(self) -> int:
        """The key of the counter of these criteria (signed 64 bits)."""
        asked = sorted(repr(predicate) for predicate in _conjuncts(self.query.where))
        digest = hashlib.blake2b("\0".join([self.query.type, *asked]).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    @property
    def type(self) -> str:
        return self.query.type

    async def only_match(self, work: UnitOfWork) -> Resource | None:
        """As `match`; where it is None, nobody else may find the same and act on it."""
        value = (await work.engine.store.counters([self.key]))[self.key]
        match = await self.match(work)
        if match is None:
            work.count(Counter(self.key, value, bump=True))
        return match

    async def match(self, work: UnitOfWork) -> Resource | None:
        """What matches, as this work knows it, or None; 412 where several match.

        Raises Missed where it has changed since it was found: then it may match no more.
        """
        found = await self.matches(work)
        if len(found) > 1:
            raise multiple_matches(self.type)
        if not found:
            return None
        current = await work.current(found[0].type, found[0].id)
        if current is None or current.version != found[0].version:
            raise Missed("row", found[0].reference)
        return current

    async def matches(self, work: UnitOfWork) -> Sequence[Resource]:
        """What is stored and matches: none, one, or two where there are several."""
        return await self.found(work.engine, work.caller)

    async def found(self, engine: Engine, caller: Caller) -> Sequence[Resource]:
        """As `matches`, for whoever does not write; a Patient stands for all ids of that person."""
        aliases = engine.store.aliases
        query = (
            parse_query(self.query.type, self.pairs, base=self.base, aliases=aliases.of)
            if aliases
            else self.query
        )
        elsewhere = OtherOwners(engine, caller)
        return await engine.store.search_all(query, caller.access, limit=2, elsewhere=elsewhere)


async def only_reference(work: UnitOfWork, reference: str, base: str) -> str:
    """What a reference by criteria ("Patient?identifier=1") to an own type is to: "Patient/1".

    Raises 412 unless exactly one resource matches.
    """
    type_, _, text = reference.partition("?")
    if type_ not in work.engine.service.types:
        told = f"A reference by criteria to a {type_} is resolved at the platform's own base only."
        raise FhirError(422, [Issue("not-supported", told, "resource")])
    found = await Criteria.of(type_, text, base).matches(work)
    if len(found) != 1:
        raise no_reference(type_, len(found))
    return found[0].reference


def no_reference(type_: str, matches: int) -> FhirError:
    """The refusal of a reference by criteria that finds none or several."""
    count, code = ("More than one", "multiple-matches") if matches else ("No", "not-found")
    return FhirError(412, [Issue(code, f"{count} {type_} matches the criteria of a reference.", "resource")])


def _conjuncts(where: Predicate) -> tuple[Predicate, ...]:
    return where.of if isinstance(where, All) else (where,)
