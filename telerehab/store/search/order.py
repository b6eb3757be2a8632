"""Order: `_sort` as SQL, and the place in it where a page ends.

Without `_sort` the newest created comes first: an unchanged resource then comes exactly once, whatever is written
between two pages. With it, resources without a value come last, and rid decides between equals.
https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from dataclasses import dataclass

from telerehab.fhir.search.query import SortKey
from telerehab.store.search.statement import Statement
from telerehab.store.search.strings import INDEXED_TEXT


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page: its rid, and its sort values as PostgreSQL writes them."""

    rid: int
    keys: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of a key are: a side table's column, or a column of `resource` (no table)."""

    table: str | None
    column: str
    type: str


_COLUMNS = {
    "id": Source(None, "r.id", 'text COLLATE "C"'),
    "last_updated": Source(None, "r.last_updated", "timestamptz"),
}


def source(key: SortKey) -> Source:
    """Ascending order goes by the smallest value of a resource, descending by the greatest."""
    match key.by:
        case "date":
            return Source("search_date", "s.hi" if key.descending else "s.lo", "timestamptz")
        case "number":
            return Source("search_number", "s.hi" if key.descending else "s.lo", "numeric")
        case "string":
            return Source("search_string", INDEXED_TEXT, 'text COLLATE "C"')
    return _COLUMNS[key.by]


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a search; `oldest_first` turns the default order round."""

    keys: tuple[SortKey, ...] = ()
    oldest_first: bool = False

    @property
    def side_key(self) -> SortKey | None:
        """The first key, where its values are in a side table."""
        return self.keys[0] if self.keys and source(self.keys[0]).table else None

    @property
    def rid_descending(self) -> bool:
        return self.keys[0].descending if self.keys else not self.oldest_first

    def values(self, sql: Statement) -> str:
        """Select items k1, k2 … of a row `r`, each after a comma."""
        return "".join(f", {self.value(key, sql)} AS k{i}" for i, key in enumerate(self.keys, 1))

    def value(self, key: SortKey, sql: Statement) -> str:
        """The value of one key for the row `r`."""
        where = source(key)
        if where.table is None:
            return where.column
        best = "max" if key.descending else "min"
        parameter = sql.value(key.parameter, "bigint")
        return (
            f"(SELECT {best}({where.column}) FROM {where.table} s"
            f" WHERE s.rid = r.rid AND s.parameter = {parameter})"
        )

    def by(self, row: str, *, first_is_there: bool = False) -> str:
        """What follows ORDER BY, for an alias with columns k1 … and rid.

        `first_is_there` says that k1 is never null: an index read backwards then has this very order.
        """
        keys = [
            f"{row}.k{i} {'DESC' if key.descending else 'ASC'}"
            f"{'' if first_is_there and i == 1 else ' NULLS LAST'}"
            for i, key in enumerate(self.keys, 1)
        ]
        return ", ".join([*keys, f"{row}.rid {'DESC' if self.rid_descending else 'ASC'}"])

    def after(self, position: Position | None, row: str, sql: Statement) -> str:
        """The condition that a row comes later than `position`: by its first key, or if equal by the next …"""
        if position is None:
            return "true"
        later = f"{row}.rid {'<' if self.rid_descending else '>'} {sql.value(position.rid, 'bigint')}"
        for i, (key, value) in reversed(list(enumerate(zip(self.keys, position.keys, strict=True), 1))):
            column = f"{row}.k{i}"
            if value is None:
                later = f"({column} IS NULL AND {later})"
                continue
            bound = f"{sql.value(value, 'text')}::{source(key).type}"
            further = f"{column} {'<' if key.descending else '>'} {bound} OR {column} IS NULL"
            later = f"({further} OR ({column} = {bound} AND {later}))"
        return later

    def columns(self, row: str, cast: str = "") -> str:
        """Select items rid, k1 … of an alias; `cast` is put behind each key."""
        return ", ".join([f"{row}.rid", *(f"{row}.k{i}{cast}" for i in range(1, len(self.keys) + 1))])
