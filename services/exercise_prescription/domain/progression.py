"""Whether the dose of an exercise should go up, stay, go down or stop, by clinical/progression/dose.toml.

One evaluation looks at one exercise. It proposes; a clinician decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from clinical.dose_rules import Decision, Gap, dose_rules
from clinical.exercises import Exercise
from clinical.logs import Log
from clinical.pain_monitoring import pain_monitoring
from services.exercise_prescription.domain.dose import Dose
from services.exercise_prescription.domain.dose_steps import (
    can_rise,
    cut,
    restarted,
    stepped_back,
    stepped_up,
)
from services.exercise_prescription.domain.pain_light import Light, light_of, worst_colour


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of one exercise on `today`; day 1 is the first of the programme, in the patient's zone.

    `planned`: the days on which it was due; `step_logs`: ids of logs of `last_step_day` that came after that step;
    `resumed_day`: the day a clinician ended a pause; `regression_days`: those of regressions that were accepted.
    """

    exercise: Exercise
    dose: Dose
    today: int
    planned: tuple[int, ...]
    logs: tuple[Log, ...]
    effort_high: Decimal
    pain_limit: Decimal | None = None
    form_ok: bool | None = None
    form_day: int | None = None
    last_step_day: int | None = None
    step_logs: frozenset[str] = frozenset()
    resumed_day: int | None = None
    regression_days: tuple[int, ...] = ()
    paused: bool = False
    open_alert: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do and why, with the other dose where one is proposed.

    `review`: a clinician must look; `evidence`: ids of the logs.
    """

    decision: Decision
    reason: str
    dose: Dose | None = None
    review: bool = False
    evidence: tuple[str, ...] = ()


def evaluate(situation: Situation) -> Verdict:
    """The first reason of `precedence` that holds, with what follows from it."""
    facts = _Facts(situation)
    rules = dose_rules()
    reason = next(reason for reason in rules.precedence if _HOLDS[reason](facts))
    decision = next(one.decision for one in rules.reason if one.id == reason)
    dose = _dose(reason, facts)
    review = decision == "pause" or reason == "at-ceiling"
    if decision == "regress":
        review = dose is None or _too_many(situation)
    return Verdict(decision, reason, dose, review, facts.evidence)


@dataclass(frozen=True, slots=True)
class Bout:
    """A log with its light."""

    log: Log
    light: Light


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned day that has been: the logs of it, taken together; None where nothing is known."""

    day: int
    bouts: tuple[Bout, ...]

    @property
    def done(self) -> Decimal:
        return min(Decimal(100), sum((bout.log.done or Decimal(0) for bout in self.bouts), Decimal(0)))

    @property
    def known(self) -> bool:
        """Whether it was logged in full, with a light."""
        return bool(self.bouts) and all(
            bout.light.complete and bout.light.colour != "unknown" for bout in self.bouts
        )


class _Facts:
    """What the reasons ask about, computed when first asked."""

    def __init__(self, situation: Situation) -> None:
        self.of = situation
        self.gate = dose_rules().gate

    @cached_property
    def bouts(self) -> tuple[Bout, ...]:
        """Every log once, by day."""
        logs = sorted(distinct(self.of.logs), key=lambda log: (log.day, log.id or ""))
        return tuple(Bout(log, light_of(log, logs, self.of.pain_limit)) for log in logs)

    @cached_property
    def reds(self) -> tuple[Bout, ...]:
        return tuple(bout for bout in self.bouts if bout.light.colour == "red")

    @cached_property
    def latest_day(self) -> int | None:
        return self.bouts[-1].log.day if self.bouts else None

    @cached_property
    def planned(self) -> tuple[Planned, ...]:
        """Planned days before today, and today once it has a log."""
        by_day: dict[int, list[Bout]] = {}
        for bout in self.bouts:
            by_day.setdefault(bout.log.day, []).append(bout)
        days = (
            day
            for day in sorted(set(self.of.planned))
            if day < self.of.today or (day == self.of.today and day in by_day)
        )
        return tuple(Planned(day, tuple(by_day.get(day, ()))) for day in days)

    @property
    def window(self) -> tuple[Planned, ...]:
        return self.planned[-self.gate.window_bouts :]

    @property
    def latest(self) -> tuple[Planned, ...]:
        return self.planned[-self.gate.consecutive_bouts :]

    @property
    def evidence(self) -> tuple[str, ...]:
        """The logs that were looked at: those since the window began."""
        first = min(self.window[0].day, self.latest_day or 1) if self.window else 1
        return tuple(bout.log.id for bout in self.bouts if bout.log.id and bout.log.day >= first)


def distinct(logs: Iterable[Log]) -> list[Log]:
    """Each log once: of those with the same id the one with most pain, in whatever order they came."""
    known: dict[object, Log] = {}
    for number, log in enumerate(logs):
        key: object = log.id or number
        if key not in known or _worse(log) > _worse(known[key]):
            known[key] = log
    return list(known.values())


def _worse(log: Log) -> tuple[Decimal, str]:
    pains = (log.pain_max, log.pain_after, log.next_morning)
    return max((pain for pain in pains if pain is not None), default=Decimal(-1)), repr(log)


def _two_reds(facts: _Facts) -> bool:
    repeated = pain_monitoring().repeated
    since = max(facts.of.today - repeated.days + 1, facts.of.resumed_day or 1)
    return sum(since <= bout.log.day <= facts.of.today for bout in facts.reds) >= repeated.reds


def _red(facts: _Facts) -> bool:
    """The latest bout is RED (on a day with several, any of them) and no step has answered it."""
    step = facts.of.last_step_day
    return any(
        bout.log.day == facts.latest_day
        and (step is None or bout.log.day > step or (bout.log.id or "") in facts.of.step_logs)
        for bout in facts.reds
    )


def _gap(facts: _Facts, id_: str) -> bool:
    if facts.latest_day is None:
        return False
    days = facts.of.today - max(facts.latest_day, facts.of.last_step_day or 0)
    gap = _gap_of(id_)
    return gap.from_days <= days and (gap.to_days is None or days <= gap.to_days)


def _gap_of(id_: str) -> Gap:
    return next(gap for gap in dose_rules().gap if gap.id == id_)


def _too_recent(facts: _Facts) -> bool:
    step = facts.of.last_step_day
    return step is not None and facts.of.today - step < facts.gate.days_between_steps


def _low_adherence(facts: _Facts) -> bool:
    done = sum((day.done for day in facts.window), Decimal(0))
    return done < facts.gate.adherence_at_least * len(facts.window)


def _red_in_window(facts: _Facts) -> bool:
    first = facts.window[0].day if facts.window else 1
    return any(bout.log.day >= first for bout in facts.reds)


def _amber(facts: _Facts) -> bool:
    return any(
        worst_colour(bout.light for bout in day.bouts) not in facts.gate.colours_of_consecutive
        for day in facts.latest
    )


def _form_unseen(facts: _Facts) -> bool:
    seen = facts.of.form_day
    if facts.of.form_ok is None or seen is None:
        return True
    return facts.of.today - seen > facts.gate.form_check_max_age_days


def _effort_high(facts: _Facts) -> bool:
    efforts = [bout.log.effort for day in facts.latest for bout in day.bouts]
    return any(effort is None or effort > facts.of.effort_high for effort in efforts)


def _extra_reps(facts: _Facts) -> bool:
    extra = [bout.log.extra_reps or 0 for day in facts.latest for bout in day.bouts]
    return bool(extra) and min(extra) >= facts.gate.extra_reps_for_load


def _step(facts: _Facts) -> Dose | None:
    return stepped_up(facts.of.dose, facts.of.exercise, extra_reps=_extra_reps(facts))


_HOLDS: Mapping[str, Callable[[_Facts], bool]] = {
    "plan-paused": lambda facts: facts.of.paused,
    "open-alert": lambda facts: facts.of.open_alert,
    "two-reds": _two_reds,
    "red": _red,
    "no-logs": lambda facts: not facts.bouts,
    "gap-restart": lambda facts: _gap(facts, "gap-restart"),
    "gap-step-back": lambda facts: _gap(facts, "gap-step-back"),
    "step-too-recent": _too_recent,
    "too-few-bouts": lambda facts: len(facts.planned) < facts.gate.window_bouts,
    "missing-data": lambda facts: not all(day.known for day in facts.latest),
    "low-adherence": _low_adherence,
    "red-in-window": _red_in_window,
    "amber": _amber,
    "form-unseen": _form_unseen,
    "form-poor": lambda facts: facts.of.form_ok is False,
    "not-completed": lambda facts: any(day.done < facts.gate.done_at_least for day in facts.latest),
    "effort-high": _effort_high,
    "at-ceiling": lambda facts: not can_rise(facts.of.dose, facts.of.exercise),
    "not-yet": lambda facts: _step(facts) is None,
    "ready": lambda facts: True,
}


def _dose(reason: str, facts: _Facts) -> Dose | None:
    dose, exercise = facts.of.dose, facts.of.exercise
    if reason == "ready":
        return _step(facts)
    if reason == "red":
        return cut(dose, exercise)
    if reason == "gap-step-back":
        return stepped_back(dose, exercise)
    if reason == "gap-restart":
        return restarted(dose, exercise, _gap_of(reason))
    return None


def _too_many(situation: Situation) -> bool:
    review = dose_rules().review
    since = situation.today - review.days
    return 1 + sum(since < day <= situation.today for day in situation.regression_days) >= review.regressions
