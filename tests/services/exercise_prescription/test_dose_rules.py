"""The worked cases of the clinical files hold, and a dose never leaves its bounds whatever was logged."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.adherence import AdherenceCase, adherence
from clinical.dose_rules import CaseDose, DoseCase, dose_rules
from clinical.exercises import Exercise, exercises
from clinical.logs import Log
from clinical.pain_monitoring import LightCase, pain_monitoring
from services.exercise_prescription.domain.adherence import adherence_of
from services.exercise_prescription.domain.dose import VARIABLES, Dose, bounds_of, outside, starting_dose
from services.exercise_prescription.domain.pain_light import light_of
from services.exercise_prescription.domain.progression import _HOLDS, Situation, Verdict, evaluate


def situation(case: DoseCase) -> Situation:
    exercise = exercises()[case.exercise]
    stated = Dose(case.dose.variant, *(getattr(case.dose, field.name) for field in fields(Dose)[1:]))
    return Situation(
        exercise,
        starting_dose(exercise, stated),
        case.today,
        case.planned,
        case.logs,
        effort_high=exercise.dose.effort.high,
        **{
            name: getattr(case, name)
            for name in ("pain_limit", "form_ok", "form_day", "last_step_day", "resumed_day",
                         "regression_days", "paused", "open_alert")
        },
    )  # fmt: skip


def with_changes(dose: Dose, changes: CaseDose) -> Dose:
    for variable in VARIABLES:
        value = getattr(changes, variable)
        if value is not None:
            dose = dose.with_value(variable, value)
    return dose


@pytest.mark.parametrize("case", dose_rules().case, ids=lambda case: case.id)
def test_a_worked_case_of_the_dose_rules_holds(case: DoseCase) -> None:
    given = situation(case)
    verdict = evaluate(given)
    expected = case.expect
    assert (verdict.decision, verdict.reason, verdict.review) == (
        expected.decision,
        expected.reason,
        expected.review,
    )
    assert verdict.dose == (with_changes(given.dose, expected.dose) if expected.dose else None)


@pytest.mark.parametrize("case", pain_monitoring().case, ids=lambda case: case.id)
def test_a_worked_case_of_the_traffic_light_holds(case: LightCase) -> None:
    light = light_of(case.log, [*case.earlier, case.log], case.pain_limit)
    assert (light.colour, light.reasons, light.complete) == (case.colour, case.reasons, case.complete)


@pytest.mark.parametrize("case", adherence().case, ids=lambda case: case.id)
def test_a_worked_case_of_adherence_holds(case: AdherenceCase) -> None:
    found = adherence_of(case.planned, case.logged)
    assert (found.missing_as_zero, found.logged_only, found.band) == (
        case.missing_as_zero,
        case.logged_only,
        case.band,
    )


def test_every_reason_of_the_file_can_be_judged_and_no_other() -> None:
    assert set(dose_rules().precedence) == {reason.id for reason in dose_rules().reason} == _HOLDS.keys()


EXERCISES = sorted(exercises())
PAIN = st.none() | st.integers(0, 10).map(Decimal)


@st.composite
def doses(draw: st.DrawFn, exercise: Exercise) -> Dose:
    dose = Dose(draw(st.sampled_from(("easier", "standard", "harder"))))
    for variable in VARIABLES:
        bounds = bounds_of(exercise, variable)
        if bounds is not None:
            steps = draw(st.integers(0, int((bounds.max - bounds.min) // bounds.step)))
            dose = dose.with_value(variable, bounds.min + steps * bounds.step)
    return dose


@st.composite
def logs(draw: st.DrawFn) -> Log:
    good = draw(st.booleans())
    return Log(
        day=draw(st.integers(1, 40)),
        id=draw(st.none() | st.sampled_from("abcdefghij")),
        done=draw(st.none() | st.integers(0, 120).map(Decimal)) if not good else Decimal(100),
        pain_before=draw(PAIN) if not good else Decimal(1),
        pain_max=draw(PAIN) if not good else Decimal(1),
        pain_after=draw(PAIN) if not good else Decimal(1),
        next_morning=draw(PAIN) if not good else Decimal(1),
        effort=draw(PAIN) if not good else Decimal(5),
        extra_reps=draw(st.none() | st.integers(0, 4)),
        symptoms=draw(st.sampled_from(((), (), (), ("joint-swelling",)))),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    exercise = exercises()[draw(st.sampled_from(EXERCISES))]
    day = st.none() | st.integers(1, 40)
    return Situation(
        exercise,
        draw(doses(exercise)),
        draw(st.integers(1, 60)),
        tuple(draw(st.lists(st.integers(1, 40), unique=True))),
        tuple(draw(st.lists(logs(), max_size=8))),
        effort_high=exercise.dose.effort.high,
        pain_limit=draw(st.none() | st.integers(0, 10).map(Decimal)),
        form_ok=draw(st.sampled_from((True, True, False, None))),
        form_day=draw(day),
        last_step_day=draw(day),
        resumed_day=draw(day),
        regression_days=tuple(draw(st.lists(st.integers(1, 40), max_size=3))),
        paused=draw(st.sampled_from((False, False, False, True))),
        open_alert=draw(st.sampled_from((False, False, False, True))),
    )


def rises(verdict: Verdict, dose: Dose) -> bool:
    proposed = verdict.dose or dose
    return any((proposed.value(variable) or 0) > (dose.value(variable) or 0) for variable in VARIABLES)


@given(situations())
@settings(max_examples=150, deadline=None)
def test_a_dose_never_leaves_its_bounds(given: Situation) -> None:
    verdict = evaluate(given)
    if verdict.dose is not None:
        assert not list(outside(verdict.dose, given.exercise))
        assert verdict.dose != given.dose
        assert verdict.decision in ("progress", "regress")
    assert rises(verdict, given.dose) <= (verdict.decision == "progress")


@given(situations(), st.integers(6, 10), st.booleans())
@settings(max_examples=150, deadline=None)
def test_red_never_raises(given: Situation, pain: int, answered: bool) -> None:
    latest = max((log.day for log in given.logs), default=1)
    red = Log(day=latest, id="red", pain_max=Decimal(pain))
    given = replace(given, logs=(*given.logs, red), today=max(given.today, latest))
    verdict = evaluate(replace(given, last_step_day=latest if answered else given.last_step_day))
    assert not rises(verdict, given.dose)


def ready(**changed: Any) -> Situation:
    case = next(case for case in dose_rules().case if case.expect.decision == "progress")
    return replace(situation(case), **changed)


@given(situations())
@settings(max_examples=50, deadline=None)
def test_nothing_is_proposed_through_a_pause_of_the_plan(given: Situation) -> None:
    assert evaluate(replace(given, paused=True)).decision == "none"


@given(situations())
@settings(max_examples=50, deadline=None)
def test_an_open_alert_lets_a_dose_fall_but_never_rise(given: Situation) -> None:
    verdict = evaluate(replace(given, open_alert=True))
    assert verdict.decision == "none" or verdict.reason in ("red", "two-reds")
    assert not rises(verdict, given.dose)


@pytest.mark.parametrize("why", ["paused", "open_alert"])
def test_what_was_ready_is_not_when_paused_or_with_an_open_alert(why: str) -> None:
    stopped: dict[str, Any] = {why: True}
    assert evaluate(ready()).decision == "progress"
    assert evaluate(ready(**stopped)).decision == "none"


@given(st.integers(0, 1), st.sampled_from(("done", "pain_before", "pain_max", "next_morning", "effort")))
def test_missing_data_never_raise(which: int, field: str) -> None:
    logs = list(ready().logs)
    gone: dict[str, Any] = {field: None}
    logs[-1 - which] = replace(logs[-1 - which], **gone)
    assert evaluate(ready()).decision == "progress"
    assert evaluate(ready(logs=tuple(logs))).reason == "missing-data"


@given(situations(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_order_and_doubling_of_logs_never_matter(given: Situation, random: Random) -> None:
    named = tuple(replace(log, id=log.id or f"log-{number}") for number, log in enumerate(given.logs))
    shuffled = [*named, *random.choices(named, k=3)] if named else []
    random.shuffle(shuffled)
    assert evaluate(replace(given, logs=named)) == evaluate(replace(given, logs=tuple(shuffled)))


@given(st.integers(0, 50), st.lists(st.integers(0, 100).map(Decimal), max_size=50))
def test_an_unknown_bout_lowers_only_the_strict_reading(planned: int, completions: list[Decimal]) -> None:
    planned = max(planned, len(completions))
    found = adherence_of(planned, completions)
    assert (found.missing_as_zero is None) == (planned == 0)
    assert (found.logged_only is None) == (not completions)
    if found.missing_as_zero is not None and found.logged_only is not None:
        assert 0 <= found.missing_as_zero <= found.logged_only <= 100
