"""Reads by type and id: the current version, several at once, one of the versions there were.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from telerehab.access import Access
from telerehab.resource import Resource
from telerehab.store.gathering import Gathering
from telerehab.store.pool import Pool
from telerehab.store.visible import version_visible, visible

COLUMNS = "type, id, version, last_updated, deleted, content, splice, patients"
_CURRENT = f"SELECT {COLUMNS}, event_key FROM resource r WHERE type = $1 AND id = $2"
_TOGETHER = f"""
    SELECT {COLUMNS}, event_key FROM unnest($1::text[], $2::text[]) AS wanted (of_type, of_id)
    JOIN resource r ON type = of_type AND id = of_id"""
_MANY = f"""
    SELECT {COLUMNS} FROM unnest($1::text[], $2::text[]) AS wanted (of_type, of_id)
    JOIN resource r ON type = of_type AND id = of_id
    WHERE NOT deleted"""
_VERSION = f"SELECT {COLUMNS} FROM resource_version v WHERE type = $1 AND id = $2 AND version = $3"


LANES = 3
"""Statements of `Reads` that are on their way at once."""


class Reads:
    """Reads of current versions; those of callers who may see everything go to the database in groups."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._gathering = Gathering(self._together, LANES)

    async def read(self, type_: str, id_: str, access: Access) -> Resource | None:
        """The current version, also if it is a deletion; None if it never existed or is hidden."""
        if access.patients is None:
            return _keyed(await self._gathering((type_, id_)))
        parameters: list[Any] = [type_, id_]
        condition = visible(access, "r", parameters, type_)
        return _keyed(await self._pool.fetchrow(f"{_CURRENT} AND {condition}", *parameters))

    async def _together(self, wanted: Sequence[tuple[str, str]]) -> list[asyncpg.Record | None]:
        if len(wanted) == 1:
            ((type_, id_),) = wanted
            return [await self._pool.fetchrow(_CURRENT, type_, id_)]
        types, ids = zip(*dict.fromkeys(wanted), strict=True)
        rows = {(row[0], row[1]): row for row in await self._pool.fetch(_TOGETHER, types, ids)}
        return [rows.get(each) for each in wanted]


async def read_many(pool: Pool, references: Sequence[tuple[str, str]], access: Access) -> list[Resource]:
    """The live and visible ones of the resources named by (type, id), in no order."""
    if not references:
        return []
    types, ids = zip(*dict.fromkeys(references), strict=True)
    parameters: list[Any] = [types, ids]
    condition = visible(access, "r", parameters)
    return [resource_of(row) for row in await pool.fetch(f"{_MANY} AND {condition}", *parameters)]


async def version(pool: Pool, type_: str, id_: str, number: int, access: Access) -> Resource | None:
    """One version, also if it is a deletion; None if there is none, or it or the current one is hidden."""
    parameters: list[Any] = [type_, id_, number]
    condition = version_visible(access, parameters, type_)
    row = await pool.fetchrow(f"{_VERSION} AND {condition}", *parameters)
    return resource_of(row) if row else None


def _keyed(row: asyncpg.Record | None) -> Resource | None:
    """The resource of a row that has its event key too."""
    if row is None:
        return None
    resource = resource_of(row)
    resource.event_key = row["event_key"]
    return resource


def resource_of(row: asyncpg.Record) -> Resource:
    """The resource of a row that starts with `COLUMNS`."""
    type_, id_, number, last_updated, deleted, content, splice, patients, *_ = row
    return Resource(
        type_,
        id_,
        text=content,
        splice=splice,
        version=number,
        last_updated=last_updated,
        deleted=deleted,
        patients=patients,
    )
