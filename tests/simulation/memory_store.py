"""A store in memory, for a service whose rules and handlers read by id; see `Schema` for what a commit does.

It passes tests/telerehab/store/test_store_contract.py, as `telerehab.store.store.Store` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from telerehab.access import Access
from telerehab.resource import Resource
from telerehab.store.aliases import Aliases
from telerehab.store.pool import OutcomeUnknown, Pool
from telerehab.write_set import Applied, Remembered, WriteSet
from tests.simulation.schema import Schema, Version
from tests.simulation.wire import Wire

T = TypeVar("T")


class MemoryStore:
    """Reads and commits of one service in its schema, from one process."""

    def __init__(self, schema: Schema, wire: Wire) -> None:
        self.aliases = Aliases(cast(Pool, _NobodyMerged()))
        self._schema = schema
        self._wire = wire

    async def read(self, type_: str, id_: str, access: Access) -> Resource | None:
        return await self._ask(lambda: self._visible(type_, id_, -1, access), f"read {type_}/{id_}")

    async def read_many(self, references: Sequence[tuple[str, str]], access: Access) -> list[Resource]:
        found = [await self.read(type_, id_, access) for type_, id_ in references]
        return [each for each in found if each is not None and not each.deleted]

    async def version(self, type_: str, id_: str, version: int, access: Access) -> Resource | None:
        return await self._ask(lambda: self._visible(type_, id_, version - 1, access), "version")

    async def counters(self, keys: Sequence[int]) -> dict[int, int]:
        return await self._ask(lambda: {key: self._schema.counters.get(key, 0) for key in keys}, "counters")

    async def apply(self, write_set: WriteSet) -> Applied:
        rows = " ".join(f"{row.type}/{row.id}" for row in write_set.rows)
        return await self._ask(partial(self._schema.apply, write_set), f"apply {rows}")

    async def remembered(self, key: bytes) -> Remembered | None:
        return await self._ask(lambda: self._schema.commands.get(key), "remembered")

    async def _ask(self, effect: Callable[[], T], what: str) -> T:
        try:
            return await self._wire.call(effect, what)
        except ConnectionError:
            raise OutcomeUnknown from None

    def _visible(self, type_: str, id_: str, place: int, access: Access) -> Resource | None:
        versions = self._schema.versions.get((type_, id_), [])
        if place >= len(versions) or not versions:
            return None
        version, current = versions[place], versions[-1]
        patients = (current.row.index.patients, version.row.index.patients)
        visible = all(access.allows(type_, each) for each in patients)
        return _resource(version) if visible else None


class _NobodyMerged:
    async def fetch(self, sql: str, *parameters: Any) -> list[Any]:
        return []


def as_store(store: MemoryStore) -> Any:
    """For an `Engine`, whose parts that are simulated use no more of a store."""
    return store


def _resource(version: Version) -> Resource:
    row = version.row
    resource = Resource(
        row.type,
        row.id,
        text=row.text,
        splice=row.splice,
        version=version.number,
        last_updated=version.last_updated,
        deleted=row.text is None,
        patients=list(row.index.patients),
    )
    resource.event_key = version.event_key
    return resource
