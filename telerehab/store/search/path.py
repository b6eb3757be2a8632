"""The path of a search: from its rarest criterion, or along its order until the page is full.

PostgreSQL itself would gamble on the second whenever there is a LIMIT: a unique identifier took 300 ms at 10^6 rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telerehab.fhir.search.predicate import (
    All,
    AnyOf,
    HasToken,
    IdIn,
    InCompartment,
    Predicate,
    RefersTo,
    TypeIn,
)
from telerehab.store.pool import Pool
from telerehab.store.search.condition import leads, rids
from telerehab.store.search.frequency import Frequencies, Statistics
from telerehab.store.search.statement import Statement

SMALL = 2_000  # rows: a set of this size is collected and sorted in a few milliseconds
LARGE = 20_000  # rows: no set beyond this size leads a search
SHORTEST_WALK = 1_000
WALK_MARGIN = 4  # how much longer than expected a walk may take before it is given up
UNKNOWN_SHARE = 0.1  # of a criterion with more than SMALL rows, when nobody has counted them


@dataclass(frozen=True, slots=True)
class Path:
    """First walk `window` rows (None: not at all; 0: to the end), then collect, led by `leader` if it is given.

    `rows` is how many the rarest criterion is met by, as far as that is known.
    """

    window: int | None
    leader: Predicate | None = None
    rows: float = 0.0


def conjuncts(predicate: Predicate) -> list[Predicate]:
    """The predicates that must all be met, out of nested conjunctions."""
    if isinstance(predicate, All):
        return [inner for each in predicate.of for inner in conjuncts(each)]
    return [predicate]


class PathChooser:
    """Chooses paths by the statistics of one schema, and by counting a little where these say nothing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._frequencies = Frequencies(pool)

    async def choose(self, where: Sequence[Predicate], sql: Statement, wanted: int) -> Path:
        """The path for `wanted` rows that meet all of `where` and the access predicate of `sql`."""
        statistics = await self._frequencies.current()
        criteria = [*where, *_access(sql)]
        sizes = {each: _size(each, statistics) for each in criteria}
        known = {each: size for each, size in sizes.items() if size is not None}
        if min(known.values(), default=statistics.rows) > SMALL:
            known |= await self._counted(
                [each for each, size in sizes.items() if size is None], sql, statistics
            )
        return _path(known, _type_rows(sql, statistics), wanted)

    async def _counted(
        self, criteria: Sequence[Predicate], sql: Statement, statistics: Statistics
    ) -> dict[Predicate, float]:
        """The rows of criteria with an index of their own, counted up to what it is worth to know."""
        statement = Statement(sql.type, sql.access)
        queries = {each: rids(each, statement) for each in criteria if leads(each)}
        if not queries:
            return {}
        counts = ", ".join(
            f"(SELECT count(*) FROM (SELECT FROM ({query}) c LIMIT {_worth_counting(each) + 1}) c)"
            for each, query in queries.items()
        )
        (row,) = await self._pool.fetch(f"SELECT {counts}", *statement.parameters)
        many = max(float(SMALL), _type_rows(sql, statistics) * UNKNOWN_SHARE)
        return {
            each: count if count <= _worth_counting(each) else many
            for each, count in zip(queries, row, strict=True)
        }


def _path(sizes: dict[Predicate, float], of: float, wanted: int) -> Path:
    if not sizes:
        return Path(window=0, rows=of)
    leader = min(sizes, key=lambda each: sizes[each])
    smallest = sizes[leader]
    if smallest <= SMALL:
        return Path(None, leader, smallest)
    share = 1.0
    for size in sizes.values():
        share *= min(1.0, size / max(of, 1))
    walk = wanted / max(share, 1e-9)
    lead = leader if smallest <= LARGE else None
    if walk > smallest:
        return Path(None, lead, smallest)
    return Path(int(max(SHORTEST_WALK, min(WALK_MARGIN * walk, smallest))), lead, smallest)


def _size(predicate: Predicate, statistics: Statistics) -> float | None:
    """How many rows meet the predicate at most, where statistics say it."""
    match predicate:
        case HasToken(tokens):
            return statistics.rows * statistics.tokens.of(tokens)
        case InCompartment(patients):
            return statistics.rows * statistics.patients.of(patients)
        case TypeIn(types):
            return statistics.rows * statistics.types.of(types)
        case IdIn(ids):
            return len(ids)
        case AnyOf(of):
            sizes = [_size(each, statistics) for each in of]
            return None if None in sizes else sum(size for size in sizes if size is not None)
    return None


def _worth_counting(predicate: Predicate) -> int:
    """References are found by an index alone, and come in numbers between few and many: so they are counted further."""
    return LARGE if isinstance(predicate, RefersTo) else SMALL


def _access(sql: Statement) -> list[Predicate]:
    """What a restricted caller's access asks of every row, as a criterion that may lead."""
    access = sql.access
    if (
        access.patients is None
        or sql.type in access.shared_types
        or (sql.type is None and access.shared_types)
    ):
        return []
    return [InCompartment(tuple(sorted(access.patients)))]


def _type_rows(sql: Statement, statistics: Statistics) -> float:
    if sql.type is None:
        return statistics.rows
    return statistics.rows * statistics.types.of([sql.type])
