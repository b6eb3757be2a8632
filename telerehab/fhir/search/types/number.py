"""Number: a resource's number is a point, a search value's digits say how exactly it must match.

https://hl7.org/fhir/R4/search.html#number
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Any

from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.escape import unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import NumberCompare, Predicate, Prefix
from telerehab.fhir.search.refusal import malformed
from telerehab.fhir.search.rows import INFINITY, IndexRows, NumberRow

MODIFIERS: frozenset[str] = frozenset()
NOT = False

_EXACT = Context(prec=1200)  # no digit that _NUMBER lets through is rounded away
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?P<exponent>[eE][+-]?\d{1,3})?", re.ASCII)


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    present, hash_ = parameter.present, parameter.hash

    def point(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        number = as_decimal(value)
        rows.numbers.append(NumberRow(hash_, number, number))

    def span(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        rows.numbers.append(NumberRow(hash_, *range_bounds(value)))

    return span if path.type == "Range" else point


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    return NumberCompare(parameter.hash, *parse_number(parameter.code, unescape(value)))


def parse_number(code: str, text: str) -> tuple[Prefix, Decimal, Decimal, Decimal]:
    """A search value's prefix, number, and what its digits cover: half a unit of the last one to either side.

    With an exponent a tenth of that, as in the specification's example (1e2 is 95 to 105).
    """
    prefix = Prefix.eq
    if text[:2] in Prefix.__members__:
        prefix, text = Prefix(text[:2]), text[2:]
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise malformed(code, "a number such as '100', '5.40', '-3e2', perhaps after a prefix")
    value = Decimal(text)
    exponent = int(value.as_tuple().exponent) - (1 if match["exponent"] else 0)
    margin = Decimal((0, (5,), exponent - 1))
    if prefix is Prefix.ap:
        margin = max(margin, value.copy_abs().scaleb(-1, _EXACT))
    return prefix, value, _EXACT.subtract(value, margin), _EXACT.add(value, margin)


def as_decimal(value: Any) -> Decimal:
    """A JSON number as a decimal, digit for digit."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def range_bounds(value: Any) -> tuple[Decimal, Decimal]:
    """The ends of a Range, infinite where it has none."""
    low, high = value.get("low", {}).get("value"), value.get("high", {}).get("value")
    return (
        -INFINITY if low is None else as_decimal(low),
        INFINITY if high is None else as_decimal(high),
    )
