"""How a score has changed: what is more than noise, and what matters to patients, never mixed: clinical/README.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from clinical.instruments import Caution, Instrument, Threshold

TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Changed:
    """Follow-up minus baseline; `improvement` is positive for the better, `percent` is that of the baseline.

    `detectable` and `meaningful` are the thresholds that are reached; `judged` whether there is any meaningful one.
    """

    change: Decimal
    improvement: Decimal
    percent: Decimal | None
    detectable: tuple[Threshold, ...]
    meaningful: tuple[Threshold, ...]
    cautions: tuple[Caution, ...]
    judged: bool


def changed(
    instrument: Instrument, baseline: Decimal, follow_up: Decimal, *, region: str | None, answered: int | None
) -> Changed:
    """The change between two kept scores of one series; `answered` items in each, None if not known."""
    change = follow_up - baseline
    improvement = change if instrument.score.better == "higher" else -change
    detectable = _applicable(instrument.detectable, region, answered)
    meaningful = _applicable(instrument.meaningful, region, answered)
    return Changed(
        change,
        improvement,
        _percent(improvement, baseline),
        tuple(one for one in detectable if _reached(one, abs(change), baseline)),
        tuple(one for one in meaningful if _reached(one, improvement, baseline)),
        tuple(one for one in instrument.caution if _is_cautioned(one, baseline)),
        bool(meaningful),
    )


def measures_change_itself(instrument: Instrument) -> bool:
    """Whether a score is a change already, around zero (GROC): then no baseline is taken from it."""
    return instrument.score.min < 0


def _applicable(thresholds: Sequence[Threshold], region: str | None, answered: int | None) -> list[Threshold]:
    """Those for this region and number of answers; one of the region replaces one of its kind without a region."""
    fitting = [one for one in thresholds if one.region in (None, region) and _fits(one, answered)]
    own = {one.kind for one in fitting if one.region}
    return [one for one in fitting if one.region or one.kind not in own]


def _fits(threshold: Threshold, answered: int | None) -> bool:
    low, high = threshold.answered_min, threshold.answered_max
    if low is None and high is None:
        return True
    if answered is None:
        return False
    return (low is None or answered >= low) and (high is None or answered <= high)


def _reached(threshold: Threshold, points: Decimal, baseline: Decimal) -> bool:
    if threshold.kind == "absolute":
        return points >= threshold.at_least
    return baseline > 0 and points * 100 >= threshold.at_least * baseline


def _percent(improvement: Decimal, baseline: Decimal) -> Decimal | None:
    """To one decimal; there is no percent of nothing."""
    return (improvement * 100 / baseline).quantize(TENTH, ROUND_HALF_UP) if baseline > 0 else None


def _is_cautioned(caution: Caution, baseline: Decimal) -> bool:
    low, high = caution.baseline_below, caution.baseline_above
    return (low is not None and baseline < low) or (high is not None and baseline > high)
