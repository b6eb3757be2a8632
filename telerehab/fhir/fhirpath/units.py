"""UCUM as far as measures need it: a unit's dimensions and its size in base units, to compare and to calculate.

https://ucum.org/ucum
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

Dimensions = tuple[tuple[str, int], ...]


class Measure(NamedTuple):
    """How much of its base units one unit is: 1 kg is 1000 of (("g", 1),)."""

    factor: Decimal
    dimensions: Dimensions


_PREFIXES = {
    "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15
}  # fmt: skip
# unit: (size, base units, may have a prefix); without Cel, whose zero is not that of K
_UNITS: dict[str, tuple[str, dict[str, int], bool]] = {
    "1": ("1", {}, False),
    "%": ("0.01", {}, False),
    "m": ("1", {"m": 1}, True),
    "g": ("1", {"g": 1}, True),
    "s": ("1", {"s": 1}, True),
    "K": ("1", {"K": 1}, True),
    "A": ("1", {"A": 1}, True),
    "cd": ("1", {"cd": 1}, True),
    "mol": ("1", {"mol": 1}, True),
    "rad": ("1", {"rad": 1}, True),
    "L": ("0.001", {"m": 3}, True),
    "l": ("0.001", {"m": 3}, True),
    "N": ("1000", {"g": 1, "m": 1, "s": -2}, True),
    "J": ("1000", {"g": 1, "m": 2, "s": -2}, True),
    "W": ("1000", {"g": 1, "m": 2, "s": -3}, True),
    "Pa": ("1000", {"g": 1, "m": -1, "s": -2}, True),
    "bar": ("100000000", {"g": 1, "m": -1, "s": -2}, True),
    "m[Hg]": ("133322000", {"g": 1, "m": -1, "s": -2}, True),
    "Hz": ("1", {"s": -1}, True),
    "cal": ("4184", {"g": 1, "m": 2, "s": -2}, True),
    "deg": ("0.0174532925199432957692", {"rad": 1}, False),
    "min": ("60", {"s": 1}, False),
    "h": ("3600", {"s": 1}, False),
    "d": ("86400", {"s": 1}, False),
    "wk": ("604800", {"s": 1}, False),
    "mo": ("2629800", {"s": 1}, False),
    "a": ("31557600", {"s": 1}, False),
    "[in_i]": ("0.0254", {"m": 1}, False),
    "[ft_i]": ("0.3048", {"m": 1}, False),
    "[mi_i]": ("1609.344", {"m": 1}, False),
    "[lb_av]": ("453.59237", {"g": 1}, False),
    "[oz_av]": ("28.349523125", {"g": 1}, False),
    "[iU]": ("1", {"[iU]": 1}, True),
    "U": ("1", {"U": 1}, True),
}
_term = re.compile(r"([./]?)((?:\[[^\]]*\]|[A-Za-z%])+|1)?(?:\[([^\]]*)\])?([+-]?\d+)?(?:\{[^}]*\})?")


@lru_cache(maxsize=512)
def measure(unit: str) -> Measure | None:
    """What a UCUM unit (`mg/dL`, `m2`) measures; None for one that is not known here."""
    factor, dimensions, at = Decimal(1), dict[str, int](), 0
    unit = unit or "1"
    while at < len(unit):
        match = _term.match(unit, at)
        if match is None or match.end() == at or (at and not match[1]) or len(match[4] or "") > 3:
            return None
        power = int(match[4] or 1) * (-1 if match[1] == "/" else 1)
        known = _unit(match[2] or "1")
        if known is None:
            return None
        factor *= known.factor**power
        for name, exponent in known.dimensions:
            dimensions[name] = dimensions.get(name, 0) + exponent * power
        at = match.end()
    return Measure(factor, tuple(sorted((name, power) for name, power in dimensions.items() if power)))


def _unit(name: str) -> Measure | None:
    if name in _UNITS:
        size, dimensions, _ = _UNITS[name]
        return Measure(Decimal(size), tuple(dimensions.items()))
    for prefix, exponent in _PREFIXES.items():
        known = _UNITS.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if known is not None and known[2]:
            return Measure(Decimal(known[0]).scaleb(exponent), tuple(known[1].items()))
    return None
