"""Scores, exactly as the clinical data state them: clinical/README.md, "Instruments".

All arithmetic is decimal; a response that is not valid for its instrument has no number, but a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from clinical.instruments import Band, Cutoff, Instrument
from services.outcomes.domain.answers import Answers, NotUnderstood, understood

UNSUPPORTED = "unsupported"
"""The reason where the response is to a version that this one does not know how to score."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A number with what it is called, or a code of data-absent-reason; `answered` scored items of all."""

    value: Decimal | None
    absent: str | None
    answered: int
    band: Band | None = None
    cutoffs: tuple[Cutoff, ...] = ()


def score(instrument: Instrument, given: Answers) -> Scored:
    """The one score of `instrument` for these answers."""
    missing = instrument.missing
    values: list[Decimal | None] = []
    for item in instrument.scored():
        try:
            values.append(understood(instrument, item, given))
        except NotUnderstood:
            answered = sum(item.link_id in given for item in instrument.scored())
            return Scored(None, missing.invalid, answered)
    answered = sum(value is not None for value in values)
    if answered < missing.minimum_answered or _lacks_what_is_never_imputed(instrument, values):
        return Scored(None, missing.absent, answered)
    return _named(instrument, kept(instrument, _number(instrument, values)), answered)


def can_score(instrument: Instrument, version: str) -> bool:
    """Whether answers to `version` ("" is the present one) mean what they mean now: only a patch has come since."""
    return not version or version.split(".")[:2] == instrument.version.split(".")[:2]


def kept(instrument: Instrument, value: Decimal) -> Decimal:
    """The value with as many decimals as the instrument keeps, half up."""
    return value.quantize(Decimal(1).scaleb(-instrument.score.decimals), ROUND_HALF_UP)


def _lacks_what_is_never_imputed(instrument: Instrument, values: Sequence[Decimal | None]) -> bool:
    return any(
        item.never_imputed and value is None for item, value in zip(instrument.scored(), values, strict=True)
    )


def _number(instrument: Instrument, values: Sequence[Decimal | None]) -> Decimal:
    answered = [value for value in values if value is not None]
    total = sum(answered, Decimal(0))
    if instrument.score.method == "mean":
        return total / len(answered)
    if instrument.missing.impute == "mean" and len(answered) < len(values):
        filled = total * len(values) / len(answered)
        return filled.quantize(Decimal(1), ROUND_HALF_UP) if instrument.missing.round else filled
    return total


def _named(instrument: Instrument, value: Decimal, answered: int) -> Scored:
    band = next((one for one in instrument.band if one.low <= value <= one.high), None)
    cutoffs = tuple(one for one in instrument.cutoff if value >= one.at_least)
    return Scored(value, None, answered, band, cutoffs)
