"""A projection: side rows kept with a resource in the same commit, which can be rebuilt from it at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from telerehab.change import Refuse
from telerehab.resource import Resource

Row = dict[str, Any]
"""Column to value, as JSON: times are ISO strings, ranges are PostgreSQL range literals."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Rows of `table` (in the service's schema) that follow from a resource of `type`.

    The table has a column `resource_id text`; rows of earlier versions are deleted before the new ones go in.
    `violations` maps the name of one exclusion or unique constraint to what a client is told when it is hit;
    `active` is an SQL condition on the new row (alias `new`) for rows that no longer matter and are left out.
    """

    type: str
    table: str
    rows: Callable[[Resource], Iterator[Row]]
    violations: Mapping[str, Refuse] = field(default_factory=dict)
    active: str = "true"


def projection(
    type_: str, *, table: str, violations: Mapping[str, Refuse] | None = None, active: str = "true"
) -> Callable[[Callable[[Resource], Iterator[Row]]], Projection]:
    """Declare a projection; see `Projection`."""

    def declare(rows: Callable[[Resource], Iterator[Row]]) -> Projection:
        return Projection(type_, table, rows, violations or {}, active)

    return declare


def heard(table: str) -> Projection:
    """A table whose rows a handler or a rule keeps (`UnitOfWork.keep`, `Keep`): no resource of the service has them."""
    return Projection("", table, lambda resource: iter(()))
