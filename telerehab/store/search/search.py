"""Search of one service: a query and the caller's access to a page of resources.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from telerehab.access import Access
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.fhir.search.predicate import InCompartment, LastUpdated, Predicate, Prefix, TypeIn
from telerehab.fhir.search.query import Query
from telerehab.fhir.search.rows import END_OF_TIME
from telerehab.resource import Resource, instant
from telerehab.store.aliases import Aliases
from telerehab.store.cursor import Cursors
from telerehab.store.pool import Pool, TookTooLong
from telerehab.store.read import COLUMNS, resource_of
from telerehab.store.safe_time import safe_time
from telerehab.store.search import total
from telerehab.store.search.collect import collect, matching
from telerehab.store.search.includes import Elsewhere, include
from telerehab.store.search.links import Links
from telerehab.store.search.order import Order, Position
from telerehab.store.search.page import Page
from telerehab.store.search.path import Path, PathChooser, conjuncts
from telerehab.store.search.statement import Statement
from telerehab.store.search.walk import walk, walkable

STREAM_ROWS = 500
REFERENCES_PER_ID = 20
"""How many references to one resource are looked at, on average, before both sides are asked at once."""
_ANY_TYPE = ("", "Resource")  # a search over all types


@dataclass(frozen=True, slots=True)
class _Asked:
    """A search made ready: what must all be met, in which order, from where on, and by which path."""

    type: str | None
    where: Sequence[Predicate]
    access: Access
    order: Order
    position: Position | None
    path: Path

    def statement(self) -> Statement:
        return Statement(self.type, self.access)


class Search:
    """Searches of one service's schema. All take the access predicate; hidden rows are as if they were not there.

    Raise FhirError 503 without database, too-costly where a search takes longer than the statement timeout.
    """

    def __init__(
        self, pool: Pool, cursors: Cursors, aliases: Aliases, types: Collection[str] | None = None
    ) -> None:
        """`types` are those of this service, None for all; links to others are asked elsewhere."""
        self._pool = pool
        self._cursors = cursors
        self._aliases = aliases
        self._types = types
        self._paths = PathChooser(pool)

    async def page(
        self,
        query: Query,
        access: Access,
        *,
        cursor: str | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> Page:
        """One page; `cursor` is the `next_cursor` of the one before (FhirError 410 for another search or caller).

        Includes reach other owners through `elsewhere`.
        """
        context = _context(query, access)
        position = self._position(cursor, context) if cursor is not None else None
        until = await safe_time(self._pool) if _polls(query) else None
        order = Order(query.sort)
        asked = await self._asked(query, access, order, position, query.count + 1, elsewhere)
        counted = await self._total(query, asked)
        if query.count == 0:
            return Page(total=counted)
        rows = await self._rows(_before(asked, until), query.count + 1, COLUMNS)
        matches = [resource_of(row) for row in rows[: query.count]]
        more = len(rows) > query.count
        included, issues = await include(
            self._pool, matches, query.includes, query.revincludes, access, self._aliases, elsewhere
        )
        return Page(
            matches=matches,
            included=included,
            next_cursor=self._cursor(rows[query.count - 1], context) if more else None,
            total=counted,
            until=until,
            issues=[*issues, *([_until(until)] if until else [])],
        )

    async def all(
        self, query: Query, access: Access, *, limit: int, elsewhere: Elsewhere | None = None
    ) -> list[Resource]:
        """All matches, at most `limit`, oldest first unless the query has an order."""
        order = Order(query.sort, oldest_first=True)
        asked = await self._asked(query, access, order, None, limit, elsewhere)
        return [resource_of(row) for row in await self._rows(asked, limit, COLUMNS)]

    async def ids(
        self, query: Query, access: Access, *, limit: int, elsewhere: Elsewhere | None = None
    ) -> list[str]:
        """The ids of all matches, at most `limit`."""
        asked = await self._asked(query, access, Order(), None, limit, elsewhere)
        return [row["id"] for row in await self._rows(asked, limit, "r.id")]

    async def referred(
        self,
        query: Query,
        access: Access,
        parameters: Sequence[int],
        target: str,
        *,
        limit: int,
        among: Sequence[str] | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> list[str] | None:
        """The ids (of `among`, if given) of the `target`s that matches refer to by one of `parameters`.

        None where there are more than `limit`, or so many references that finding out would take long.
        """
        asked = await self._asked(query, access, Order(), None, limit, elsewhere)
        sql = asked.statement()
        most = limit * REFERENCES_PER_ID
        if asked.path.rows > most and among is None:
            return None
        where = (
            f"{matching(asked.where, asked.path.leader, sql)}"
            f" AND l.parameter = ANY ({sql.value(list(parameters), 'bigint[]')})"
            f" AND l.target_type = {sql.value(target, 'text')}"
        )
        if among is not None:
            where += f" AND l.target_id = ANY ({sql.value(list(among), 'text[]')})"
        with _costly():
            rows = await self._pool.fetch(
                f"SELECT target_id, count(*) AS times FROM (SELECT l.target_id FROM resource r"
                f" JOIN search_reference l ON l.rid = r.rid WHERE {where}"
                f" LIMIT {sql.value(most + 1, 'bigint')}) found GROUP BY target_id",
                *sql.parameters,
            )
        if len(rows) > limit or sum(row["times"] for row in rows) > most:
            return None
        return [row["target_id"] for row in rows]

    async def explained(
        self, query: Query, access: Access, *, elsewhere: Elsewhere | None = None
    ) -> list[str]:
        """The path of a search, the statement that finds its first page, and PostgreSQL's plan of it with costs."""
        asked = await self._asked(query, access, Order(query.sort), None, query.count + 1, elsewhere)
        sql, path = asked.statement(), asked.path
        if path.window is not None and walkable(asked.order, None, sql):
            told = f"Walks {path.window or 'all'} rows in the order asked for."
            found = walk(asked.where, path.window, asked.order, None, query.count + 1, sql)
        else:
            told = f"Collects all matches, led by {type(path.leader).__name__ if path.leader else 'none'}."
            found = collect(asked.where, path.leader, asked.order, None, query.count + 1, sql)
        with _costly():
            plan = await self._pool.fetch(f"EXPLAIN {found}", *sql.parameters)
        return [told, found, *(row[0] for row in plan)]

    async def compartment(
        self,
        patients: Collection[str],
        access: Access,
        *,
        types: Collection[str] = (),
        since: datetime | None = None,
    ) -> AsyncIterator[Resource]:
        """Every resource in the compartment of one of `patients`, oldest first; of `types`, changed `since`, if given.

        Memory holds STREAM_ROWS of them at a time.
        """
        where: list[Predicate] = [InCompartment(tuple(patients))]
        if types:
            where.append(TypeIn(tuple(types)))
        if since is not None:
            where.append(LastUpdated(Prefix.ge, since, END_OF_TIME))
        asked = _Asked(None, where, access, Order(oldest_first=True), None, Path(None, where[0]))
        while True:
            rows = await self._rows(asked, STREAM_ROWS, COLUMNS)
            for row in rows:
                yield resource_of(row)
            if len(rows) < STREAM_ROWS:
                return
            asked = replace(asked, position=_place(rows[-1]))

    async def _asked(
        self,
        query: Query,
        access: Access,
        order: Order,
        position: Position | None,
        wanted: int,
        elsewhere: Elsewhere | None = None,
    ) -> _Asked:
        type_ = None if query.type in _ANY_TYPE else query.type
        links = Links(self, query, self._aliases, self._types, access, elsewhere)
        where = conjuncts(await links.where())
        with _costly():
            path = await self._paths.choose(where, Statement(type_, access), wanted)
        return _Asked(type_, where, access, order, position, path)

    async def _rows(self, asked: _Asked, limit: int, columns: str) -> list[asyncpg.Record]:
        """`columns` of the first matches after the position, each with its rid and sort values behind."""
        window, order, position = asked.path.window, asked.order, asked.position
        rows: list[asyncpg.Record] = []
        without = order.side_key if position is not None and position.keys[:1] == (None,) else None
        if window is not None and walkable(order, position, asked.statement()):
            sql = asked.statement()
            found = walk(asked.where, window, order, position, limit, sql)
            rows = await self._fetch(found, asked, columns, sql)
            if len(rows) == limit or (window == 0 and not order.side_key):
                return rows
            if window:
                rows = []  # what lies beyond the window is not known
            else:
                without, position = order.side_key, None  # whatever has a value has been seen
        sql = asked.statement()
        rest = collect(
            asked.where, asked.path.leader, order, position, limit - len(rows), sql, without=without
        )
        return rows + await self._fetch(rest, asked, columns, sql)

    async def _fetch(self, found: str, asked: _Asked, columns: str, sql: Statement) -> list[asyncpg.Record]:
        with _costly():
            return await self._pool.fetch(
                f"SELECT {columns}, {asked.order.columns('p', '::text')} FROM ({found}) p"
                f" JOIN resource r ON r.rid = p.rid ORDER BY {asked.order.by('p')}",
                *sql.parameters,
            )

    async def _total(self, query: Query, asked: _Asked) -> int | None:
        if query.total == "none" and query.count:
            return None
        count = total.estimate if query.total == "estimate" else total.accurate
        with _costly():
            return await count(self._pool, asked.type, asked.where, asked.path.leader, asked.access)

    def _position(self, cursor: str, context: str) -> Position:
        rid, *keys = self._cursors.open(cursor, context)
        return Position(rid, tuple(keys))

    def _cursor(self, row: asyncpg.Record, context: str) -> str:
        place = _place(row)
        return self._cursors.seal([place.rid, *place.keys], context)


def _place(row: asyncpg.Record) -> Position:
    names = list(row.keys())
    first = names.index("rid")
    return Position(row["rid"], tuple(row[name] for name in names[first + 1 :]))


def _context(query: Query, access: Access) -> str:
    """What a cursor is bound to: the query's text, but for the page's size, and whose access it was."""
    text = [pair for pair in query.understood if pair[0] != "_count"]
    patients = None if access.patients is None else sorted(access.patients)
    place = (query.type, query.compartment)
    return repr(("search", *place, text, query.sort, patients, sorted(access.shared_types)))


def _polls(query: Query) -> bool:
    """Whether the order is that of a poller: what changed last comes last."""
    return bool(query.sort) and query.sort[0].by == "last_updated" and not query.sort[0].descending


def _before(asked: _Asked, until: datetime | None) -> _Asked:
    if until is None:
        return asked
    return replace(asked, where=[*asked.where, LastUpdated(Prefix.lt, until, until)])


def _until(moment: datetime) -> Issue:
    return Issue(
        "informational",
        f"Shows what changed before {instant(moment)}; go on from there with _lastUpdated=ge{instant(moment)}.",
        severity="information",
    )


@contextmanager
def _costly() -> Iterator[None]:
    """A search that the database gave up on is told apart from a database in trouble."""
    try:
        yield
    except TookTooLong:
        told = "The search took longer than it may; narrow it, by a patient or a code."
        raise FhirError(503, [Issue("too-costly", told)], {"Retry-After": "2"}) from None
