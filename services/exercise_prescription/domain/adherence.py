"""How much of a plan was done, in both readings of a missing log, by clinical/progression/adherence.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from clinical.adherence import adherence


@dataclass(frozen=True, slots=True)
class Adherence:
    """Percent; None where there is nothing to divide by. `band` goes by the strict reading."""

    missing_as_zero: Decimal | None
    logged_only: Decimal | None
    band: str | None


def adherence_of(planned: int, logged: Sequence[Decimal]) -> Adherence:
    """From the number of planned bouts and the completion (percent) of each that was logged."""
    total = sum(logged, Decimal(0))
    strict = _percent(total, planned)
    bands = sorted(adherence().band, key=lambda band: band.at_least, reverse=True)
    band = None if strict is None else next(band.id for band in bands if strict >= band.at_least)
    return Adherence(strict, _percent(total, len(logged)) if planned else None, band)


def _percent(total: Decimal, count: int) -> Decimal | None:
    if not count:
        return None
    rules = adherence()
    return min(rules.cap, (total / count).quantize(Decimal(1).scaleb(-rules.decimals), ROUND_HALF_UP))
