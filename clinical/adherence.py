"""How much of a plan was done, from clinical/progression/adherence.toml."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from clinical.reading import read, stated


@stated
class AdherenceBand:
    """Percent from `at_least` on, up to the next band."""

    id: str
    text: str
    at_least: Decimal


@stated
class AdherenceCase:
    """Worked case: planned bouts and the completion (percent) of each logged one; None where there is no number."""

    id: str
    planned: int
    logged: tuple[Decimal, ...]
    missing_as_zero: Decimal | None = None
    logged_only: Decimal | None = None
    band: str | None = None


@stated
class Adherence:
    """How much of the plan was done, in both readings of a missing log.

    `missing_as_zero` = sum of completions / planned; `logged_only` = mean completion of the logged bouts; both in
    percent, capped at `cap`, and None when their denominator is 0. The band goes by `missing_as_zero`.
    """

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    window_days: int
    cap: Decimal
    decimals: int
    band: tuple[AdherenceBand, ...]
    case: tuple[AdherenceCase, ...]


@cache
def adherence() -> Adherence:
    """How adherence is counted."""
    return read(Adherence, "progression/adherence.toml")
