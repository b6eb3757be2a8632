"""Write sets of several requests as one commit: what has nothing to do with each other is made durable together.

Each pays its share of one round trip, one transaction and one flush of the log. The outcome is that of the write sets
committed one after the other: none of a group relies on what another of it writes.
https://www.postgresql.org/docs/current/wal-async-commit.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import asyncpg

from telerehab.store.gathering import Gathering
from telerehab.store.pool import Pool
from telerehab.store.write import apply
from telerehab.write_set import Applied, Counter, Missed, Violated, WriteSet

LANES = 2
"""Commits on their way at once: the next one is put together while PostgreSQL works on the one before."""
MOST_ROWS = 64
_REFUSED = (Missed, Violated, asyncpg.PostgresError)

Key = tuple[str, ...] | int


class Commits:
    """Commits write sets of one schema, those that may be joined in groups.

    What only creates waits for nobody's lock, and so does not go with what replaces or relies on something.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._creates = Gathering(self._commit, LANES)
        self._others = Gathering(self._commit, LANES)

    async def apply(self, write_set: WriteSet) -> Applied:
        """Commit one write set; as `telerehab.store.write.apply`."""
        if not may_join(write_set):
            return await apply(self._pool, write_set)
        gathering = self._creates if only_creates(write_set) else self._others
        return await gathering(write_set)

    async def _commit(self, write_sets: Sequence[WriteSet]) -> list[Applied | Exception]:
        """Groups one after another; each set's outcome in the order given."""
        outcomes: dict[int, Applied | Exception] = {}
        for group in groups(write_sets):
            committed = await self._together([write_sets[place] for place in group])
            outcomes.update(zip(group, committed, strict=True))
        return [outcomes[place] for place in range(len(write_sets))]

    async def _together(self, group: Sequence[WriteSet]) -> Sequence[Applied | Exception]:
        """One commit for the group; where something in it is refused nothing was written, and each is tried alone."""
        if len(group) > 1:
            try:
                times = iter((await apply(self._pool, joined(group))).last_updated)
                return [Applied(list(islice(times, len(each.rows)))) for each in group]
            except _REFUSED:
                pass
        return await asyncio.gather(*map(self._alone, group))

    async def _alone(self, write_set: WriteSet) -> Applied | Exception:
        try:
            return await apply(self._pool, write_set)
        except Exception as error:
            return error


def may_join(write_set: WriteSet) -> bool:
    """Whether it is one of the many small ones: no command or event that may have been taken before, no merge."""
    return (
        write_set.command is None
        and not write_set.inbox
        and not write_set.aliases
        and 0 < len(write_set.rows) <= MOST_ROWS
    )


def only_creates(write_set: WriteSet) -> bool:
    """Whether all its rows are new and nothing that was read must still be so."""
    return not write_set.guards and not write_set.counters and not any(row.expected for row in write_set.rows)


def joined(write_sets: Iterable[WriteSet]) -> WriteSet:
    """One write set that does what all of them do."""
    whole = WriteSet("")
    counters: dict[Counter, None] = {}
    for each in write_sets:
        whole.schema = each.schema
        whole.rows += each.rows
        whole.guards += each.guards
        whole.outbox += each.outbox
        whole.audit += each.audit
        counters.update(dict.fromkeys(each.counters))
        for table, (ids, rows) in each.side_rows.items():
            known_ids, known_rows = whole.side_rows.setdefault(table, ([], []))
            known_ids += ids
            known_rows += rows
    whole.counters = list(counters)
    return whole


def groups(write_sets: Sequence[WriteSet]) -> Iterator[list[int]]:
    """The places of write sets that are independent of each other and not too many, in groups."""
    if len(write_sets) == 1:
        yield [0]
        return
    remaining = list(range(len(write_sets)))
    while remaining:
        written: set[Key] = set()
        relied: set[Key] = set()
        bumped: set[Key] = set()
        group: list[int] = []
        left: list[int] = []
        rows = 0
        for place in remaining:
            each = write_sets[place]
            writes, relies, bumps = _writes(each), _relies(each), _bumps(each)
            size = rows + len(each.rows)
            if (
                (group and size > MOST_ROWS)
                or not written.isdisjoint(writes)
                or not (written | bumped).isdisjoint(relies)
                or not relied.isdisjoint(writes | bumps)
            ):
                left.append(place)
                continue
            group.append(place)
            written |= writes
            relied |= relies
            bumped |= bumps
            rows = size
        yield group
        remaining = left


def _writes(write_set: WriteSet) -> set[Key]:
    """The resources it writes, the side rows it replaces, the counters it counts up from a value it knows."""
    keys: set[Key] = {(row.type, row.id) for row in write_set.rows}
    for table, (ids, _) in write_set.side_rows.items():
        keys.update((table, "", id_) for id_ in ids)
    keys.update(
        counter.key for counter in write_set.counters if counter.expected is not None and counter.bump
    )
    return keys


def _bumps(write_set: WriteSet) -> set[Key]:
    """The counters it only counts up: others may do so too."""
    return {counter.key for counter in write_set.counters if counter.expected is None}


def _relies(write_set: WriteSet) -> set[Key]:
    """The resources and counters that must be as it has seen them."""
    keys: set[Key] = {(guard.type, guard.id) for guard in write_set.guards}
    keys.update(counter.key for counter in write_set.counters if counter.expected is not None)
    return keys
