"""Search criteria that decide a write: If-None-Exist and conditional references.

Two clients that race on the same criteria must not both find nothing: the counter of the criteria, read before the
search and counted up by whoever acts on it, lets one commit and has the others plan again.
https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telerehab.fhir.outcome import bad_request, multiple_matches
from telerehab.fhir.search import parse_query
from telerehab.fhir.search.predicate import All, Predicate
from telerehab.fhir.search.query import Query
from telerehab.resource import Resource
from telerehab.server.request import Pairs, decoded_pairs
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Counter

if TYPE_CHECKING:
    from telerehab.access import Access
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
        pairs = decoded_pairs(text.strip().removeprefix("?").removeprefix(f"{type_}?"))
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

    async def only_match(self, work: UnitOfWork) -> Resource | None:
        """What matches, or None; then nobody else may find the same and act on it. 412 where several match."""
        value = (await work.engine.store.counters([self.key]))[self.key]
        found = await self.matches(work)
        if len(found) > 1:
            raise multiple_matches(self.query.type)
        if found:
            return found[0]
        work.count(Counter(self.key, value, bump=True))
        return None

    async def matches(self, work: UnitOfWork) -> Sequence[Resource]:
        """What is stored and matches: none, one, or two where there are several."""
        return await self.found(work.engine, work.caller.access)

    async def found(self, engine: Engine, access: Access) -> Sequence[Resource]:
        """As `matches`, for whoever does not write; a Patient stands for all ids of that person."""
        aliases = engine.store.aliases
        query = (
            parse_query(self.query.type, self.pairs, base=self.base, aliases=aliases.of)
            if aliases
            else self.query
        )
        return await engine.store.search_all(query, access, limit=2)


def _conjuncts(where: Predicate) -> tuple[Predicate, ...]:
    return where.of if isinstance(where, All) else (where,)
