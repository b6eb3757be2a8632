"""Rows as the text of an array of a composite type: PostgreSQL reads it quicker than asyncpg can encode the rows.

https://www.postgresql.org/docs/18/rowtypes.html#ROWTYPES-IO-SYNTAX
https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def rows_literal(rows: Iterable[Sequence[Any]]) -> str | None:
    """The literal of an array of rows, None for no rows.

    A value is None, a str, int, bool, bytes or Decimal, an aware datetime, or a list or tuple of str; the least and
    the greatest datetime stand for -infinity and infinity.
    """
    literals = [f'"({",".join([_WRITERS[type(value)](value) for value in row])})"' for row in rows]
    return f"{{{','.join(literals)}}}" if literals else None


def _text(value: str) -> str:
    """A text as a row's field: what a row asks to be quoted is quoted again, for the row is an array's element."""
    if '"' in value or "\\" in value:
        value = value.replace("\\", r"\\\\").replace('"', r"\"\"")
    return rf"\"{value}\""


def _texts(values: Iterable[str]) -> str:
    elements = ",".join(['"' + value.replace("\\", r"\\").replace('"', r"\"") + '"' for value in values])
    return _text(f"{{{elements}}}")


def _moment(value: datetime) -> str:
    if value == _BEGINNING:
        return "-infinity"
    return "infinity" if value == _END_OF_TIME else value.isoformat()


def _bytes(value: bytes) -> str:
    return rf"\\\\x{value.hex()}"


def _nothing(value: None) -> str:
    return ""


def _boolean(value: bool) -> str:
    return "t" if value else "f"


class _Writers(dict[type, Callable[[Any], str]]):
    """How values of a type are written; a subclass is written as what it is of."""

    def __missing__(self, type_: type) -> Callable[[Any], str]:
        for base in type_.__mro__[1:]:
            if base in self:
                return self.setdefault(type_, self[base])
        raise TypeError(f"no literal of {type_.__name__}")


_WRITERS = _Writers(
    {
        type(None): _nothing,
        bool: _boolean,
        bytes: _bytes,
        datetime: _moment,
        Decimal: Decimal.__str__,
        int: int.__repr__,
        list: _texts,
        str: _text,
        tuple: _texts,
    }
)
