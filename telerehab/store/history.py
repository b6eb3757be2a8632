"""History of an instance, a type or the whole service, newest first.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from telerehab.access import Access
from telerehab.resource import Resource
from telerehab.store.cursor import Cursors
from telerehab.store.pool import Pool
from telerehab.store.read import COLUMNS, resource_of
from telerehab.store.safe_time import safe_time
from telerehab.store.visible import version_visible


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose history: one resource's, a type's, or (without both) that of all types of the service."""

    type: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """An entry of a history: a version and the method (POST, PUT, PATCH, DELETE) that made it."""

    resource: Resource
    method: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions newest first, the cursor of the next page, and the moment the listing ends at.

    `until` is set where `since` was asked: ask again from there and nothing is missed.
    """

    versions: Sequence[Version]
    next: str | None
    until: datetime | None = None


async def history(
    pool: Pool,
    cursors: Cursors,
    types: Sequence[str],
    scope: Scope,
    access: Access,
    *,
    since: datetime | None = None,
    at: tuple[datetime, datetime] | None = None,
    count: int,
    cursor: str | None = None,
) -> HistoryPage:
    """One page of versions that the caller may see; `types` are those of a service-wide history.

    `since` is inclusive; `at` is a half-open range of time in which a version must have been the current one.
    """
    context = repr((scope, since, at, sorted(access.patients or ()), access.patients is None))
    after = cursors.open(cursor, context) if cursor else None
    until = None
    if since is not None:
        until = datetime.fromisoformat(after[3]) if after else await safe_time(pool)
    parameters: list[Any] = [[scope.type] if scope.type else list(types), count + 1]
    conditions = _conditions(scope, access, since, until, at, parameters)
    if after:
        conditions += _after(after, parameters)
    rows = await pool.fetch(_page(conditions), *parameters)
    more = rows[count - 1] if 0 < count < len(rows) else None
    return HistoryPage(
        [Version(resource_of(row), row["method"]) for row in rows[:count]],
        cursors.seal(_place(more, until), context) if more else None,
        until,
    )


def _page(conditions: Sequence[str]) -> str:
    """Each type's newest from its index, then the newest of these."""
    where = " AND ".join(["v.type = t.type", *conditions])
    return f"""
        SELECT v.* FROM unnest($1::text[]) AS t (type) CROSS JOIN LATERAL (
            SELECT {COLUMNS}, method FROM resource_version v WHERE {where}
            ORDER BY v.last_updated DESC, v.id DESC LIMIT $2
        ) AS v
        ORDER BY v.last_updated DESC, v.type DESC, v.id DESC LIMIT $2"""


def _conditions(
    scope: Scope,
    access: Access,
    since: datetime | None,
    until: datetime | None,
    at: tuple[datetime, datetime] | None,
    parameters: list[Any],
) -> list[str]:
    def parameter(value: Any) -> str:
        parameters.append(value)
        return f"${len(parameters)}"

    conditions = [version_visible(access, parameters, scope.type)]
    if scope.id is not None:
        conditions.append(f"v.id = {parameter(scope.id)}")
    if since is not None:
        conditions.append(f"v.last_updated >= {parameter(since)} AND v.last_updated < {parameter(until)}")
    if at is not None:
        conditions.append(f"v.last_updated < {parameter(at[1])}")
        conditions.append(
            "NOT EXISTS (SELECT FROM resource_version n WHERE n.type = v.type AND n.id = v.id"
            f" AND n.version = v.version + 1 AND n.last_updated <= {parameter(at[0])})"
        )
    return conditions


def _after(place: Sequence[Any], parameters: list[Any]) -> list[str]:
    moment, type_, id_, _ = place
    first = len(parameters) + 1
    parameters += [datetime.fromisoformat(moment), type_, id_]
    return [
        f"v.last_updated <= ${first}",
        f"(v.last_updated, t.type, v.id) < (${first}, ${first + 1}, ${first + 2})",
    ]


def _place(row: asyncpg.Record, until: datetime | None) -> list[Any]:
    return [row["last_updated"].isoformat(), row["type"], row["id"], until.isoformat() if until else None]
