"""The dose rules are complete: each reason is defined, ordered, and shown by a worked case."""

from __future__ import annotations

from decimal import Decimal
from html import unescape

import pytest
from clinical_book import page

from clinical.adherence import adherence
from clinical.alarms import alarms
from clinical.dose_rules import DoseCase, dose_rules
from clinical.exercises import exercises
from clinical.logs import Log
from clinical.pain_monitoring import pain_monitoring
from clinical.red_flags import levels

RULES = dose_rules()
LIGHT = pain_monitoring()
DECISION_OF = {reason.id: reason.decision for reason in RULES.reason}

each_case = pytest.mark.parametrize("case", RULES.case, ids=[case.id for case in RULES.case])


def logs() -> list[Log]:
    stated = [log for case in RULES.case for log in case.logs]
    stated += [log for light in LIGHT.case for log in (*light.earlier, light.log)]
    return stated + [log for alarm in alarms().case for log in alarm.logs]


def test_precedence_names_each_reason_once_and_ends_in_progress() -> None:
    assert sorted(RULES.precedence) == sorted(DECISION_OF)
    assert RULES.precedence[-1] == "ready"
    assert [reason for reason, decision in DECISION_OF.items() if decision == "progress"] == ["ready"]


def test_danger_is_looked_at_before_all_else() -> None:
    first = RULES.precedence[:4]
    assert first == ("plan-paused", "two-reds", "red", "open-alert")


def test_each_reason_is_shown_by_a_case() -> None:
    assert {case.expect.reason for case in RULES.case} == set(DECISION_OF)


@each_case
def test_cases_expect_the_decision_of_their_reason(case: DoseCase) -> None:
    assert case.expect.decision == DECISION_OF[case.expect.reason]
    assert case.expect.decision in ("progress", "regress") or case.expect.dose is None
    assert case.expect.decision != "progress" or case.expect.dose is not None


@each_case
def test_doses_of_cases_are_on_the_grid_of_their_exercise(case: DoseCase) -> None:
    dose = exercises()[case.exercise].dose
    for stated in filter(None, (case.dose, case.expect.dose)):
        for name in ("sets", "reps", "hold_seconds", "duration_seconds", "distance_metres", "load"):
            value = getattr(stated, name)
            if value is not None:
                bounds = getattr(dose, name)
                assert bounds.min <= value <= bounds.max
                assert (value - bounds.min) % bounds.step == 0


@each_case
def test_cases_look_back_in_time(case: DoseCase) -> None:
    assert list(case.planned) == sorted(set(case.planned))
    assert max((log.day for log in case.logs), default=0) <= case.today
    assert case.form_ok is None or (case.form_day is not None and case.form_day <= case.today)


def test_logs_state_pains_efforts_and_symptoms_that_exist() -> None:
    known = {symptom.id for symptom in alarms().symptom}
    for log in logs():
        scale = (log.pain_before, log.pain_max, log.pain_after, log.next_morning, log.effort)
        assert all(0 <= value <= 10 for value in scale if value is not None)
        assert set(log.symptoms) <= known


def test_gaps_join_without_overlap_and_stay_within_bounds() -> None:
    longest, shorter = RULES.gap
    assert (longest.id, longest.to_days) == ("gap-restart", None)
    assert shorter.to_days == longest.from_days - 1
    assert longest.percent is not None
    assert longest.percent_at_most is not None
    assert 0 < longest.percent <= longest.percent_at_most < 100
    assert 0 < RULES.cut.percent < 100


def test_the_light_goes_from_green_to_amber_to_red_within_the_pain_limit_of_every_exercise() -> None:
    assert 0 <= LIGHT.green_to < LIGHT.amber_to < 10
    assert {exercise.dose.pain_limit for exercise in exercises().values()} == {LIGHT.amber_to}


def test_every_colour_and_reason_of_the_light_is_shown() -> None:
    assert {case.colour for case in LIGHT.case} == {"green", "amber", "red", "unknown"}
    assert {reason for case in LIGHT.case for reason in case.reasons} == {one.id for one in LIGHT.reason}
    for case in LIGHT.case:
        assert bool(case.reasons) == (case.colour in ("red", "unknown")), case.id


def test_alarms_have_known_levels_and_cases() -> None:
    rules = alarms()
    with_level = {symptom.id: symptom.level for symptom in rules.symptom if symptom.level}
    stated = {"severe-pain": rules.severe_pain.level, "pain-spike": rules.pain_spike.level, **with_level}
    assert set(stated.values()) <= set(levels())
    order = list(levels())
    for case in rules.case:
        assert set(case.alarms) <= set(stated), case.id
        gravest = min((stated[name] for name in case.alarms), key=order.index, default=None)
        assert case.level == gravest, case.id
    assert any(case.alarms == () for case in rules.case)
    assert all(symptom.tells for symptom in rules.symptom if symptom.level)
    assert all(symptom.light == "red" for symptom in rules.symptom if symptom.level)


def test_bands_of_adherence_go_down_to_nothing_and_are_shown() -> None:
    bands = adherence().band
    assert [band.at_least for band in bands] == sorted((band.at_least for band in bands), reverse=True)
    assert bands[-1].at_least == Decimal(0)
    assert {case.band for case in adherence().case} == {*(band.id for band in bands), None}


def test_the_signer_is_told_that_an_open_alert_never_keeps_a_dose_from_falling() -> None:
    """And the cases show it: what comes before `open-alert`, what waits for it."""
    order = list(RULES.precedence)
    assert order.index("two-reds") < order.index("red") < order.index("open-alert")
    assert any("open alert" in note.lower() for note in RULES.notes)
    shown = {case.expect.reason for case in RULES.case if case.open_alert}
    assert shown == {"two-reds", "red", "open-alert"}
    assert all(note in unescape(page("progression/dose.toml")) for note in RULES.notes)
