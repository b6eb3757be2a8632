"""Index rows: what storage keeps beside a resource, in the same commit, so that searches need not read it.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

BEGINNING = datetime.min.replace(tzinfo=UTC)  # a period without a start
END_OF_TIME = datetime.max.replace(tzinfo=UTC)  # a period without an end
INFINITY = Decimal("Infinity")


class DateRow(NamedTuple):
    """The time a date, dateTime, instant, Period or Timing covers: `lo` inclusive, `hi` exclusive, UTC."""

    parameter: int
    lo: datetime
    hi: datetime


class StringRow(NamedTuple):
    """One string: `normalised` (case, accents and spaces folded; a uri as it is) and `exact` (as written).

    `exact` is empty for the text of a code, which is only asked how it starts.
    """

    parameter: int
    normalised: str
    exact: str


class NumberRow(NamedTuple):
    """A number or quantity: a point (`lo == hi`) or a closed range, ±Infinity where open.

    `system` and `code` are empty for plain numbers; `unit` is the text shown to people.
    """

    parameter: int
    lo: Decimal
    hi: Decimal
    system: str = ""
    code: str = ""
    unit: str = ""


class ReferenceRow(NamedTuple):
    """A reference to a resource of this server."""

    parameter: int
    target_type: str
    target_id: str


@dataclass(slots=True)
class IndexRows:
    """All rows of one resource; lists hold no doubles, `tokens` are signed 64-bit and sorted.

    `patients` are ids of the Patients in whose compartment the resource is.
    """

    type: str
    id: str
    tokens: list[int] = field(default_factory=list)
    dates: list[DateRow] = field(default_factory=list)
    strings: list[StringRow] = field(default_factory=list)
    numbers: list[NumberRow] = field(default_factory=list)
    references: list[ReferenceRow] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
