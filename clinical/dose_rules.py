"""When a dose goes up, stays, goes down or stops, from clinical/progression/dose.toml."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Literal

from clinical.exercises import Variable, Variant
from clinical.logs import Colour, Log, Reason
from clinical.reading import read, stated

Decision = Literal["progress", "hold", "regress", "pause", "none"]


@stated
class Gate:
    """What a progress needs, all of it."""

    window_bouts: int
    adherence_at_least: Decimal
    consecutive_bouts: int
    colours_of_consecutive: tuple[Colour, ...]
    done_at_least: Decimal
    extra_reps_for_load: int
    form_check_max_age_days: int
    days_between_steps: int
    weekly_volume_rise_at_most: Decimal
    volume_rise_exempt: tuple[Variable, ...]
    source: str


@stated
class StepUp:
    """How a step up is taken: raising `reset_when` puts `reset` back to their bounds' min."""

    reset_when: tuple[Variable, ...]
    reset: tuple[Variable, ...]
    source: str


@stated
class Cut:
    """How a RED cuts the dose: the first variable of `order` above its min falls by `percent`, down to its grid."""

    order: tuple[Variable, ...]
    percent: Decimal
    source: str


@stated
class Gap:
    """No log for `from_days` to `to_days` (None: without end) days: `step-back` one step, or `restart` at percent."""

    id: str
    from_days: int
    to_days: int | None = None
    how: Literal["step-back", "restart"]
    percent: Decimal | None = None
    percent_at_most: Decimal | None = None
    source: str


@stated
class Review:
    """`regressions` accepted within `days`: a clinician reviews the diagnosis."""

    regressions: int
    days: int
    level: str
    source: str


@stated
class DoseReason(Reason):
    """A reason and the decision it leads to."""

    decision: Decision


@stated
class CaseDose:
    """The dose of a case; a variable that is absent is at the exercise's start, if it has that variable."""

    variant: Variant = "standard"
    sets: Decimal | None = None
    reps: Decimal | None = None
    hold_seconds: Decimal | None = None
    duration_seconds: Decimal | None = None
    distance_metres: Decimal | None = None
    load: Decimal | None = None


@stated
class ExpectedDecision:
    """`dose`: what changes, and only that; absent when the decision proposes none. `review`: a clinician must look."""

    decision: Decision
    reason: str
    dose: CaseDose | None = None
    review: bool = False


@stated
class DoseCase:
    """Worked case, judged on `today` after the logs; `planned` are the days on which a bout was due.

    `form_ok` None: form never seen, else as seen on `form_day`; `last_step_day`: the dose was last changed;
    `resumed_day`: a clinician ended a pause; `regression_days`: accepted regressions; `pain_limit` if lowered.
    """

    id: str
    exercise: str
    today: int
    planned: tuple[int, ...]
    logs: tuple[Log, ...]
    expect: ExpectedDecision
    dose: CaseDose = CaseDose()
    form_ok: bool | None = None
    form_day: int | None = None
    last_step_day: int | None = None
    resumed_day: int | None = None
    regression_days: tuple[int, ...] = ()
    paused: bool = False
    open_alert: bool = False
    pain_limit: Decimal | None = None


@stated
class DoseRules:
    """Progress, hold, regress, pause or none: `precedence` lists the reasons; the first that holds decides.

    `notes` say of the order what the signer should judge.
    """

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]
    precedence: tuple[str, ...]
    gate: Gate
    step_up: StepUp
    cut: Cut
    gap: tuple[Gap, ...]
    review: Review
    reason: tuple[DoseReason, ...]
    case: tuple[DoseCase, ...]


@cache
def dose_rules() -> DoseRules:
    """When a dose goes up, stays, goes down or stops."""
    return read(DoseRules, "progression/dose.toml")
