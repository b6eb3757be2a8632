"""History of an instance, a type or the whole service, in the order of lastUpdated.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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
class Asked:
    """Which versions, and in which order.

    `since` is inclusive; `at` is a half-open range of time in which a version must have been the current one.
    """

    scope: Scope
    access: Access
    since: datetime | None = None
    at: tuple[datetime, datetime] | None = None
    oldest_first: bool = False


class Place(NamedTuple):
    """A place in the order of versions: no two versions have the same."""

    last_updated: datetime
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Version:
    """An entry of a history: a version and the method (POST, PUT, PATCH, DELETE) that made it."""

    resource: Resource
    method: str

    @property
    def place(self) -> Place:
        assert self.resource.last_updated is not None  # it is stored
        return Place(self.resource.last_updated, self.resource.type, self.resource.id)


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions in order, whether there are more after them, and the moment the listing ends at.

    `until` is set where `since` was asked: ask again from there and nothing is missed.
    """

    versions: Sequence[Version]
    more: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions in order, the cursor of the next page, and the moment the listing ends at, as in `Versions`."""

    versions: Sequence[Version]
    next: str | None
    until: datetime | None = None


async def history(
    pool: Pool, cursors: Cursors, types: Sequence[str], asked: Asked, *, count: int, cursor: str | None = None
) -> HistoryPage:
    """One page of versions that the caller may see; `types` are those of a service-wide history."""
    access = asked.access
    seen = (sorted(access.patients or ()), access.patients is None)
    context = repr((asked.scope, asked.since, asked.at, asked.oldest_first, *seen))
    after, until = _opened(cursors.open(cursor, context)) if cursor else (None, None)
    page = await versions(pool, types, asked, until=until, after=after, count=count)
    sealed = None
    if page.more and page.versions:
        sealed = cursors.seal(_values(page.versions[-1].place, page.until), context)
    return HistoryPage(page.versions, sealed, page.until)


async def versions(
    pool: Pool,
    types: Sequence[str],
    asked: Asked,
    *,
    until: datetime | None = None,
    after: Place | None = None,
    count: int,
) -> Versions:
    """One page of versions from after a place on; `until` where an earlier page ended, else now."""
    if asked.since is None:
        until = None
    elif until is None:
        until = await safe_time(pool)
    parameters: list[Any] = [[asked.scope.type] if asked.scope.type else list(types), count + 1]
    conditions = _conditions(asked, until, parameters)
    if after:
        conditions += _after(after, asked.oldest_first, parameters)
    rows = await pool.fetch(_page(conditions, asked.oldest_first), *parameters)
    listed = [Version(resource_of(row), row["method"]) for row in rows[:count]]
    return Versions(listed, len(rows) > count, until)


def _page(conditions: Sequence[str], oldest_first: bool) -> str:
    """Each type's first from its index, then the first of these."""
    where = " AND ".join(["v.type = t.type", *conditions])
    order = "ASC" if oldest_first else "DESC"
    return f"""
        SELECT v.* FROM unnest($1::text[]) AS t (type) CROSS JOIN LATERAL (
            SELECT {COLUMNS}, method FROM resource_version v WHERE {where}
            ORDER BY v.last_updated {order}, v.id {order} LIMIT $2
        ) AS v
        ORDER BY v.last_updated {order}, v.type {order}, v.id {order} LIMIT $2"""


def _conditions(asked: Asked, until: datetime | None, parameters: list[Any]) -> list[str]:
    def parameter(value: Any) -> str:
        parameters.append(value)
        return f"${len(parameters)}"

    scope, at = asked.scope, asked.at
    conditions = [version_visible(asked.access, parameters, scope.type)]
    if scope.id is not None:
        conditions.append(f"v.id = {parameter(scope.id)}")
    if asked.since is not None:
        since = parameter(asked.since)
        conditions.append(f"v.last_updated >= {since} AND v.last_updated < {parameter(until)}")
    if at is not None:
        conditions.append(f"v.last_updated < {parameter(at[1])}")
        conditions.append(
            "NOT EXISTS (SELECT FROM resource_version n WHERE n.type = v.type AND n.id = v.id"
            f" AND n.version = v.version + 1 AND n.last_updated <= {parameter(at[0])})"
        )
    return conditions


def _after(place: Place, oldest_first: bool, parameters: list[Any]) -> list[str]:
    first = len(parameters) + 1
    parameters += place
    past = ">" if oldest_first else "<"
    return [
        f"v.last_updated {past}= ${first}",
        f"(v.last_updated, t.type, v.id) {past} (${first}, ${first + 1}, ${first + 2})",
    ]


def _values(place: Place, until: datetime | None) -> list[Any]:
    return [place.last_updated.isoformat(), place.type, place.id, until.isoformat() if until else None]


def _opened(values: Sequence[Any]) -> tuple[Place, datetime | None]:
    moment, type_, id_, until = values
    return Place(datetime.fromisoformat(moment), type_, id_), until and datetime.fromisoformat(until)
