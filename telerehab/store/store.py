"""The store of one service: everything it keeps about resources, by key; each ability has its own file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from telerehab.access import Access
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search.query import Include, Query
from telerehab.resource import Resource
from telerehab.service import Service
from telerehab.store import history, read, safe_time
from telerehab.store.aliases import Aliases
from telerehab.store.audit import Auditor
from telerehab.store.command import remembered
from telerehab.store.counters import Counters
from telerehab.store.cursor import Cursors
from telerehab.store.history import Asked, HistoryPage, Place, Scope, Versions
from telerehab.store.joining import Commits
from telerehab.store.migrate import check, schema_of
from telerehab.store.pool import Pool
from telerehab.store.search import Page, Search
from telerehab.store.search.includes import Elsewhere, every_id, referring, targets
from telerehab.write_set import Applied, AuditRow, Remembered, WriteSet


class Store:
    """Reads and commits of one service in its schema; made by `Store.open`.

    Every read takes the access predicate and answers hidden rows as if they were not there; access to a Patient is
    access to all ids of that person. All raise FhirError 503 where the database cannot be reached or takes too long.
    """

    def __init__(self, pool: Pool, service: Service, cursor_key: bytes) -> None:
        self.pool = pool
        self.service = service
        self.cursors = Cursors(cursor_key)
        self.aliases = Aliases(pool)
        self.searches = Search(pool, self.cursors, self.aliases, service.types)
        self._reads = read.Reads(pool)
        self._commits = Commits(pool)
        self._counters = Counters(pool)
        self._auditor = Auditor(pool)

    @classmethod
    async def open(cls, pool: Pool, service: Service) -> Store:
        """The store on a pool of the service's schema; SchemaError if the database has another version."""
        async with pool.held() as held:
            await check(await held.connect(), schema_of(service))
        (row,) = await pool.fetch("SELECT value FROM secret WHERE name = 'cursor'")
        store = cls(pool, service, row[0])
        await store.aliases.refresh()
        return store

    async def read(self, type_: str, id_: str, access: Access) -> Resource | None:
        """The current version, also if it is a deletion; None if it never existed or is hidden."""
        return await self._reads.read(type_, id_, self.aliases.widened(access))

    async def read_many(self, references: Sequence[tuple[str, str]], access: Access) -> list[Resource]:
        """The live and visible ones of the resources named by (type, id), in no order."""
        return await read.read_many(self.pool, references, self.aliases.widened(access))

    async def version(self, type_: str, id_: str, version: int, access: Access) -> Resource | None:
        """One version, also if it is a deletion; None if there is none, or it or the current one is hidden."""
        return await read.version(self.pool, type_, id_, version, self.aliases.widened(access))

    async def history(
        self,
        scope: Scope,
        access: Access,
        *,
        since: datetime | None = None,
        at: tuple[datetime, datetime] | None = None,
        oldest_first: bool = False,
        count: int,
        cursor: str | None = None,
    ) -> HistoryPage:
        """One page of versions, newest first unless `oldest_first`; see `telerehab.store.history`."""
        types = sorted(self.service.types) if scope.type is None else []
        asked = Asked(scope, self.aliases.widened(access), since, at, oldest_first)
        return await history.history(self.pool, self.cursors, types, asked, count=count, cursor=cursor)

    async def versions(
        self, asked: Asked, *, until: datetime | None = None, after: Place | None = None, count: int
    ) -> Versions:
        """One page of versions for whoever knows where it starts; see `telerehab.store.history`."""
        asked = replace(asked, access=self.aliases.widened(asked.access))
        return await history.versions(
            self.pool, sorted(self.service.types), asked, until=until, after=after, count=count
        )

    async def search(
        self,
        query: Query,
        access: Access,
        *,
        cursor: str | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> Page:
        """One page of a search, its includes from `elsewhere` too; more kinds of search are in `searches`."""
        access = self.aliases.widened(access)
        return await self.searches.page(query, access, cursor=cursor, elsewhere=elsewhere)

    async def targets(
        self, found: Sequence[Resource], includes: Sequence[Include], types: Collection[str], *, limit: int
    ) -> list[tuple[str, str]]:
        """What resources of this service refer to as `includes` say, among other owners' `types`."""
        return await targets(self.pool, found, includes, types, limit=limit)

    async def referring(
        self,
        references: Sequence[tuple[str, str]],
        revincludes: Sequence[Include],
        access: Access,
        *,
        limit: int,
    ) -> list[Resource]:
        """Live, visible resources that refer to `references` of any owner, a Patient under any id, `limit` at most."""
        named = every_id(self.aliases, references)
        return await referring(self.pool, named, revincludes, self.aliases.widened(access), limit=limit)

    async def search_all(
        self, query: Query, access: Access, *, limit: int, elsewhere: Elsewhere | None = None
    ) -> list[Resource]:
        """All matches, at most `limit`, oldest first unless the query has an order."""
        access = self.aliases.widened(access)
        return await self.searches.all(query, access, limit=limit, elsewhere=elsewhere)

    async def fetch(self, sql: str, *parameters: Any) -> list[asyncpg.Record]:
        """The rows of a read that a projection of this service makes on its own table."""
        return await self.pool.fetch(sql, *parameters)

    async def counters(self, keys: Sequence[int]) -> dict[int, int]:
        """The value of each counter; 0 for one never counted up."""
        return await self._counters.values(keys)

    async def apply(self, write_set: WriteSet) -> Applied:
        """Commit a write set, all or nothing; raises Missed, Violated, AlreadyHandled, Repeated."""
        applied = await self._commits.apply(write_set)
        if write_set.aliases:
            with suppress(FhirError):  # it is committed: the next poll brings it in
                await self.aliases.refresh()
        return applied

    async def remembered(self, key: bytes) -> Remembered | None:
        """What was kept of the command with this key, if it has been done."""
        return await remembered(self.pool, key)

    async def audit(self, row: AuditRow) -> None:
        """Return when the row is durable; FhirError 503 if it cannot be written: then nothing may be shown."""
        await self._auditor.write(row)

    async def safe_time(self) -> datetime:
        """Every commit that becomes visible from now on has this lastUpdated or a later one."""
        return await safe_time.safe_time(self.pool)
