"""Order: `_sort` as SQL, and the place in it where a page ends.

Without `_sort` the newest created comes first: an unchanged resource then comes exactly once, whatever is written
between two pages. With it, resources without a value come last, and rid decides between equals.
https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """Where the values of a key are: a side table's column, or a column of `resource` (no table).

    Neither where no index has them (`column` empty): they are worked out for each match.
    """

    table: str | None
    column: str
    type: str


_COLUMNS = {
    "id": Source(None, "r.id", 'text COLLATE "C"'),
    "last_updated": Source(None, "r.last_updated", "timestamptz"),
    "reference": Source(None, "", 'text COLLATE "C"'),
    "code": Source(None, "", 'text COLLATE "C"'),
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
        best = "max" if key.descending else "min"
        if key.by == "code":
            return _text_of_code(key, best, sql)
        if key.by == "reference":
            return (
                f"(SELECT {best}(s.target_type || '/' || s.target_id) FROM search_reference s"
                f" WHERE s.rid = r.rid AND s.parameter = {sql.value(key.parameter, 'bigint')})"
            )
        if where.table is None:
            return where.column
        parameter = sql.value(key.parameter, "bigint")
        return (
            f"(SELECT {best}({where.column}) FROM {where.table} s"
            f" WHERE s.rid = r.rid AND s.parameter = {parameter})"
        )

    @property
    def is_indexed(self) -> bool:
        """Whether some index has the values of the first key, and none are read from the content."""
        return source(self.keys[0]).column != "" and all(key.by != "code" for key in self.keys)

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


def _text_of_code(key: SortKey, best: str, sql: Statement) -> str:
    """The first or last of the codes in the content: of a token, the index has only the hash."""
    paths = " UNION ALL ".join(
        f"SELECT v #>> '{{}}' FROM jsonb_path_query(r.content::jsonb, {sql.value(_path(names), 'text')}::jsonpath) v"
        for names in key.elements
    )
    return f'(SELECT {best}(c.code COLLATE "C") FROM ({paths}) c (code))'


def _path(names: Sequence[str]) -> str:
    return "$" + "".join(f'."{name}"' for name in names)
