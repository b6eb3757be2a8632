"""Quantity: number, or `number|system|code`, or `number||unit`; units as they are written, none converted.

https://hl7.org/fhir/R4/search.html#quantity
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.search.escape import split, unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import NumberCompare, Predicate
from telerehab.fhir.search.refusal import malformed
from telerehab.fhir.search.rows import INFINITY, IndexRows, NumberRow
from telerehab.fhir.search.types.number import as_decimal, parse_number, range_bounds

MODIFIERS: frozenset[str] = frozenset()
NOT = False

CURRENCY = "urn:iso:std:iso:4217"
_BOUNDS = {"<": "below", "<=": "below", ">": "above", ">=": "above"}


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    present, hash_ = parameter.present, parameter.hash
    row = {"Money": _money, "Range": _range, "SampledData": _sampled_data}.get(path.type, _quantity)

    def quantity(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        found = row(hash_, value)
        if found is not None:
            rows.numbers.append(found)

    return quantity


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    parts = [unescape(part) for part in split(value, "|")]
    if len(parts) not in (1, 3):
        raise malformed(parameter.code, "'number', 'number|system|code' or 'number||code'")
    number = parse_number(parameter.code, parts[0])
    system, code = parts[1:] if len(parts) == 3 else ("", "")
    return NumberCompare(parameter.hash, *number, system or None, code or None)


def _quantity(parameter: int, value: Any) -> NumberRow | None:
    if "value" not in value:
        return None
    number = as_decimal(value["value"])
    bound = _BOUNDS.get(value.get("comparator", ""))
    return _row(
        parameter, -INFINITY if bound == "below" else number, INFINITY if bound == "above" else number, value
    )


def _money(parameter: int, value: Any) -> NumberRow | None:
    if "value" not in value:
        return None
    number = as_decimal(value["value"])
    return NumberRow(parameter, number, number, CURRENCY, value.get("currency", ""))


def _range(parameter: int, value: Any) -> NumberRow | None:
    return _row(parameter, *range_bounds(value), value.get("low") or value.get("high") or {})


def _sampled_data(parameter: int, value: Any) -> NumberRow | None:
    """From the smallest to the greatest sample; `E`, `L` and `U` are no numbers."""
    samples = [Decimal(item) for item in value.get("data", "").split() if item not in ("E", "L", "U")]
    if not samples:
        return None
    origin, factor = as_decimal(value["origin"].get("value", 0)), as_decimal(value.get("factor", 1))
    ends = sorted((origin + factor * min(samples), origin + factor * max(samples)))
    return _row(parameter, ends[0], ends[1], value["origin"])


def _row(parameter: int, lo: Decimal, hi: Decimal, unit: Any) -> NumberRow:
    return NumberRow(parameter, lo, hi, unit.get("system", ""), unit.get("code", ""), unit.get("unit", ""))
