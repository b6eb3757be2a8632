"""The syntax tree of FHIRPath.

https://hl7.org/fhirpath/N1/#grammar
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number or boolean; `{}` is None."""

    value: str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Temporal:
    """A date, dateTime or time as written, without the `@`."""

    text: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit: `4 days`, `4 'mg'`."""

    value: int | Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`%resource`, `%context` and the like."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`; without `of` it starts at the context. `$this`, `$index`, `$total` are members too."""

    of: Expression | None
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`of.name(arguments)`."""

    of: Expression | None
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """`of[at]`."""

    of: Expression
    at: Expression


@dataclass(frozen=True, slots=True)
class Unary:
    """`+of`, `-of`."""

    operator: str
    of: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`of is type` or `of as type`, type as written, perhaps qualified."""

    operator: str
    of: Expression
    type: str


Expression: TypeAlias = (
    Literal | Temporal | Quantity | Variable | Member | Call | Index | Unary | Binary | TypeTest
)
