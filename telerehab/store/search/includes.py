"""`_include` and `_revinclude`: what matches refer to, and what refers to them, each once, live and visible.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from telerehab.access import Access
from telerehab.fhir.outcome import Issue
from telerehab.fhir.search.query import Include
from telerehab.resource import Resource
from telerehab.store.aliases import Aliases
from telerehab.store.pool import Pool
from telerehab.store.read import COLUMNS, resource_of
from telerehab.store.search.links import OtherOwners
from telerehab.store.search.statement import Statement

MOST_INCLUDED = 5_000
DEEPEST = 3  # rounds of :iterate

Reference = tuple[str, str]


class Elsewhere(OtherOwners, Protocol):
    """The other owners, as one page of a search sees them."""

    async def bring(
        self,
        found: Sequence[Resource],
        includes: Sequence[Include],
        revincludes: Sequence[Include],
        seen: Collection[Reference],
        limit: int,
    ) -> list[Resource]:
        """What `found` refers to at other owners, what refers to it there, and what others' resources refer to here.

        Not what is `seen` already; `limit` at most.
        """
        ...

    @property
    def issues(self) -> Sequence[Issue]:
        """What could not be brought so far."""
        ...


async def include(
    pool: Pool,
    found: Sequence[Resource],
    includes: Sequence[Include],
    revincludes: Sequence[Include],
    access: Access,
    aliases: Aliases,
    elsewhere: Elsewhere | None = None,
    *,
    most: int = MOST_INCLUDED,
) -> tuple[list[Resource], list[Issue]]:
    """What includes bring to the resources `found`, without these; issues say where it was cut off, or what is missing.

    What refers to a Patient is what refers to any id of that person. Without `elsewhere` this service stands alone.
    """
    seen = {(resource.type, resource.id) for resource in found}
    included: list[Resource] = []
    issues: list[Issue] = []
    level = list(found)
    for depth in range(DEEPEST + 1):
        forward = [each for each in includes if depth == 0 or each.iterate]
        backward = [each for each in revincludes if depth == 0 or each.iterate]
        if not (level and (forward or backward)):
            break
        left = most - len(included)
        named = every_id(aliases, ((each.type, each.id) for each in level))
        fresh = await _follow(pool, level, named, forward, backward, access, seen, left + 1)
        seen.update((resource.type, resource.id) for resource in fresh)
        if elsewhere is not None and len(fresh) <= left:
            brought = await elsewhere.bring(level, forward, backward, seen, left + 1 - len(fresh))
            seen.update((resource.type, resource.id) for resource in brought)
            fresh += brought
        included += fresh[:left]
        if len(fresh) > left:
            issues.append(_cut(most))
            break
        level = fresh
    return included, [*issues, *(elsewhere.issues if elsewhere is not None else ())]


def every_id(aliases: Aliases, references: Iterable[Reference]) -> list[Reference]:
    """The references, those to a Patient under all ids of that person."""
    return [
        (type_, same)
        for type_, id_ in references
        for same in (aliases.of(id_) if type_ == "Patient" else (id_,))
    ]


async def targets(
    pool: Pool, found: Sequence[Resource], includes: Sequence[Include], types: Collection[str], *, limit: int
) -> list[Reference]:
    """References (type, id) that `includes` want of `found` and whose types are among `types`, others' own.

    `limit` at most for each of the `includes`.
    """
    wanted: dict[Reference, None] = {}
    for each in includes:
        ids = [resource.id for resource in found if resource.type == each.source_type]
        asked = sorted(set(types) & {each.target_type} if each.target_type else types)
        if ids and asked:
            rows = await pool.fetch(
                "SELECT DISTINCT s.target_type, s.target_id FROM resource r JOIN search_reference s ON s.rid = r.rid"
                " WHERE r.type = $1 AND r.id = ANY ($2::text[]) AND s.parameter = ANY ($3::bigint[])"
                " AND s.target_type = ANY ($4::text[]) ORDER BY 1, 2 LIMIT $5",
                each.source_type,
                ids,
                each.parameters,
                asked,
                limit,
            )
            wanted.update(dict.fromkeys((row[0], row[1]) for row in rows))
    return list(wanted)


async def referring(
    pool: Pool, references: Sequence[Reference], revincludes: Sequence[Include], access: Access, *, limit: int
) -> list[Resource]:
    """Live, visible resources that refer to one of `references` (of any owner) as `revincludes` say."""
    fresh: dict[Reference, Resource] = {}
    for each in revincludes:
        named = [ref for ref in references if each.target_type in (None, ref[0])]
        if named:
            sql = Statement(each.source_type, access)
            types, ids = zip(*named, strict=True)
            condition = (
                "EXISTS (SELECT FROM search_reference s"
                f" JOIN unnest({sql.value(types, 'text[]')}, {sql.value(ids, 'text[]')}) AS t (type, id)"
                " ON s.target_id = t.id AND s.target_type = t.type"
                f" WHERE s.rid = r.rid AND s.parameter = ANY ({sql.value(each.parameters, 'bigint[]')}))"
            )
            _add(fresh, await _live(pool, condition, sql, limit))
    return list(fresh.values())[:limit]


async def _referred(
    pool: Pool, found: Sequence[Resource], includes: Sequence[Include], access: Access, limit: int
) -> list[Resource]:
    fresh: dict[Reference, Resource] = {}
    for each in includes:
        ids = [resource.id for resource in found if resource.type == each.source_type]
        if ids:
            sql = Statement(each.target_type, access)
            condition = (
                "(r.type, r.id) IN (SELECT s.target_type, s.target_id"
                " FROM resource f JOIN search_reference s ON s.rid = f.rid"
                f" WHERE f.type = {sql.value(each.source_type, 'text')} AND f.id = ANY ({sql.value(ids, 'text[]')})"
                f" AND s.parameter = ANY ({sql.value(each.parameters, 'bigint[]')}))"
            )
            _add(fresh, await _live(pool, condition, sql, limit))
    return list(fresh.values())


async def _follow(
    pool: Pool,
    found: Sequence[Resource],
    references: Sequence[Reference],
    includes: Sequence[Include],
    revincludes: Sequence[Include],
    access: Access,
    seen: Collection[Reference],
    limit: int,
) -> list[Resource]:
    """One round: resources not `seen` yet that `found` or its `references` lead to, `limit` at most."""
    fresh: dict[Reference, Resource] = {}
    most = limit + len(seen)
    _add(fresh, await _referred(pool, found, includes, access, most))
    _add(fresh, await referring(pool, references, revincludes, access, limit=most))
    return [resource for reference, resource in fresh.items() if reference not in seen][:limit]


async def _live(pool: Pool, condition: str, sql: Statement, limit: int) -> list[Resource]:
    rows = await pool.fetch(
        f"SELECT {COLUMNS} FROM resource r WHERE {sql.candidates()} AND {condition}"
        f" ORDER BY r.rid LIMIT {sql.value(limit, 'bigint')}",
        *sql.parameters,
    )
    return [resource_of(row) for row in rows]


def _add(to: dict[Reference, Resource], resources: Iterable[Resource]) -> None:
    for resource in resources:
        to.setdefault((resource.type, resource.id), resource)


def _cut(most: int) -> Issue:
    return Issue(
        "incomplete",
        f"More than {most} resources belong to this page; the others are left out. Ask for a smaller page.",
        severity="warning",
    )
