"""Questionnaires that measure, with their scoring, bands and thresholds, from clinical/instruments/."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from clinical.reading import names, read, stated

Answer = Annotated[
    bool | int | Decimal | str | None, BeforeValidator(lambda value: None if value == "-" else value)
]
"""An answer as cases state it: a number, true or false; "-" in the file, None here, is a blank."""


@stated
class Option:
    """One answer of a scale: `code` is the local code, `score` what it counts."""

    code: str
    text: str
    score: Decimal


@stated
class Item:
    """A question. `choice` has options, `integer` has min and max, `boolean` counts 1 when true, `text` never counts.

    `never_imputed`: a blank here makes the score absent. `names` is the item whose text this one rates (PSFS).
    """

    link_id: str
    type: Literal["choice", "integer", "boolean", "text"]
    text: str
    scored: bool = True
    scale: str | None = None
    min: int | None = None
    max: int | None = None
    loinc: str | None = None
    never_imputed: bool = False
    names: str | None = None


@stated
class Missing:
    """When a score with blanks still stands.

    With fewer than `minimum_answered` scored items answered there is no score but `absent`, a code of
    http://terminology.hl7.org/CodeSystem/data-absent-reason; an answer outside its scale gives `invalid`.
    `impute`: "mean" puts the mean of the answered in place of each blank, "zero" counts a blank as not ticked,
    "none" leaves it out.
    """

    minimum_answered: int
    impute: Literal["none", "mean", "zero"]
    round: Literal["half-up"] | None = None
    absent: Literal["asked-unknown", "asked-declined", "not-asked"] = "asked-unknown"
    invalid: Literal["error"] = "error"


@stated
class Band:
    """What a score from `low` to `high`, both included, is called."""

    id: str
    text: str
    low: Decimal
    high: Decimal


@stated
class Cutoff:
    """A score of at least `at_least` asks for something by itself, whatever its change."""

    id: str
    text: str
    at_least: Decimal
    source: str


@stated
class Score:
    """The one number of the instrument, over its scored items; `decimals` are kept half up, `display` are shown."""

    id: str
    text: str
    method: Literal["sum", "mean", "count", "value"]
    min: Decimal
    max: Decimal
    better: Literal["higher", "lower"]
    unit: str
    decimals: int = 0
    display: int = 0
    loinc: str | None = None


@stated
class Threshold:
    """How much is more than noise (MDC) or matters (MIC).

    `absolute`: improvement >= at_least. `percent-of-baseline`: improvement >= at_least % of the baseline, which must
    not be 0. `region` None is any; `answered` is the number of items it holds for
    (PSFS: 1, or 2 and more).
    """

    id: str
    kind: Literal["absolute", "percent-of-baseline"]
    at_least: Decimal
    text: str
    source: str
    region: str | None = None
    answered_min: int | None = None
    answered_max: int | None = None


@stated
class Caution:
    """A baseline below or above which change can't be seen well."""

    id: str
    text: str
    source: str
    baseline_below: Decimal | None = None
    baseline_above: Decimal | None = None


@stated
class Safety:
    """An answer that alerts a human, whatever the score; `level` is one of red-flags/levels.toml.

    An answer of at least `at_least`, or one that is not understood, alerts at `level`; a blank in a response that is
    submitted alerts at `blank_level`, where there is one: somebody asks. `show`: what the patient sees at once.
    """

    id: str
    item: str
    at_least: Decimal
    level: str
    text: str
    source: str
    blank_level: str | None = None
    show: Literal["crisis-lines"] | None = None


@stated
class Expected:
    """What a case must give: a score or the reason why there is none, its band and cut-offs, and the safety alerts."""

    score: Decimal | None = None
    absent: str | None = None
    band: str | None = None
    cutoffs: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@stated
class Case:
    """Worked case: `answers` are those of the scored items, in their order."""

    id: str
    answers: tuple[Answer, ...]
    expect: Expected
    source: str


@stated
class ExpectedChange:
    """`change` is follow-up minus baseline, `improvement` its sign by direction, `percent` of baseline to one decimal.

    `percent` None: the baseline is 0, or the instrument has none. `detectable` and `meaningful` are the ids that hold.
    """

    change: Decimal
    improvement: Decimal
    percent: Decimal | None = None
    detectable: tuple[str, ...] = ()
    meaningful: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


@stated
class ChangeCase:
    """Worked case of a change between two scores of one series; `answered` items in each."""

    id: str
    baseline: Decimal
    follow_up: Decimal
    expect: ExpectedChange
    source: str
    region: str | None = None
    answered: int | None = None


@stated
class Instrument:
    """One questionnaire; `licence` is T: its text may ship."""

    id: str
    title: str
    version: str
    licence: Literal["T", "C", "L"]
    licence_text: str
    language: str
    purpose: str
    recall: str
    introduction: str
    sources: tuple[str, ...]
    score: Score
    missing: Missing
    item: tuple[Item, ...]
    case: tuple[Case, ...]
    recall_days: int | None = None
    sided: bool = False
    series: str | None = None
    loinc: str | None = None
    scale: Mapping[str, tuple[Option, ...]] = Field(default_factory=dict)
    band: tuple[Band, ...] = ()
    cutoff: tuple[Cutoff, ...] = ()
    detectable: tuple[Threshold, ...] = ()
    meaningful: tuple[Threshold, ...] = ()
    caution: tuple[Caution, ...] = ()
    safety: tuple[Safety, ...] = ()
    change_case: tuple[ChangeCase, ...] = ()
    notes: tuple[str, ...] = ()

    def scored(self) -> tuple[Item, ...]:
        """The items that count, in order: those the `answers` of a case are for."""
        return tuple(item for item in self.item if item.scored)


@cache
def instruments() -> Mapping[str, Instrument]:
    """Every instrument by its id ("phq-9")."""
    return MappingProxyType(
        {name: read(Instrument, f"instruments/{name}.toml") for name in names("instruments")}
    )
