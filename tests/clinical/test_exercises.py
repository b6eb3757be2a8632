"""Every dose of an exercise and of a protocol lies on the grid of its bounds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clinical.dose_rules import dose_rules
from clinical.exercises import Bounds, Exercise, exercise_files, exercises, loads, region
from clinical.instruments import instruments
from clinical.protocols import Protocol, protocols
from clinical.red_flags import screenings
from clinical.sources import sources

VARIABLES = ("sets", "reps", "hold_seconds", "duration_seconds", "distance_metres", "load")
SCHEDULE = ("per_day", "days_per_week")
VOLUME = ("reps", "hold_seconds", "duration_seconds", "distance_metres")

each_exercise = pytest.mark.parametrize("exercise", exercises().values(), ids=exercises().keys())
each_protocol = pytest.mark.parametrize("protocol", protocols().values(), ids=protocols().keys())


def bounds(exercise: Exercise) -> Iterator[tuple[str, Bounds]]:
    for name in (*VARIABLES, *SCHEDULE):
        value = getattr(exercise.dose, name)
        if value is not None:
            yield name, value


def test_the_forty_exercises_are_there_once() -> None:
    stated = [one for file in exercise_files().values() for one in file.exercise]
    assert sorted(one.number for one in stated) == list(range(1, 41))
    assert len({one.id for one in stated}) == 40
    assert set(exercise_files()) == set(screenings())
    assert region("bridge") == "low-back"


@each_exercise
def test_bounds_are_ordered_and_on_their_grid(exercise: Exercise) -> None:
    for name, value in bounds(exercise):
        assert 0 <= value.min <= value.start <= value.max, name
        assert value.step > 0, name
        assert (value.start - value.min) % value.step == 0, name
        assert (value.max - value.min) % value.step == 0, name


@each_exercise
def test_a_dose_has_a_volume_and_what_it_raises(exercise: Exercise) -> None:
    has = {name for name, _ in bounds(exercise)}
    assert has & set(VOLUME)
    assert exercise.progress
    assert set(exercise.progress) <= has
    assert len(set(exercise.progress)) == len(exercise.progress)


@each_exercise
def test_no_step_raises_the_volume_by_more_than_the_rules_allow(exercise: Exercise) -> None:
    gate = dose_rules().gate
    for name, value in bounds(exercise):
        if name in VOLUME and name in exercise.progress and name not in gate.volume_rise_exempt:
            assert value.step * 100 <= value.min * gate.weekly_volume_rise_at_most, name


@each_exercise
def test_effort_and_pain_limit_are_on_their_scales(exercise: Exercise) -> None:
    assert 0 < exercise.dose.effort.low <= exercise.dose.effort.high <= 10
    assert 0 < exercise.dose.pain_limit <= 5


@each_exercise
def test_bands_have_names_for_every_level(exercise: Exercise) -> None:
    load = exercise.dose.load
    if load is not None and load.unit == "band-level":
        assert {load.min, load.max} <= {band.level for band in loads().band}


@each_exercise
def test_partners_exist_and_are_of_another_exercise(exercise: Exercise) -> None:
    for partner in (exercise.easier, exercise.harder):
        assert partner.text
        assert partner.exercise is None or partner.exercise in exercises()
        assert partner.exercise != exercise.id


@each_exercise
def test_instructions_are_sentences_and_say_when_to_stop(exercise: Exercise) -> None:
    text = exercise.instructions
    for sentence in (text.prepare, text.move, text.form, text.breathe, text.stop_if):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert text.stop_if.startswith("Stop ")
    assert exercise.contraindication


def test_the_two_protocols_are_there() -> None:
    assert set(protocols()) == {"hip-oa", "knee-oa"}


@each_protocol
def test_phases_follow_each_other_to_the_end(protocol: Protocol) -> None:
    assert protocol.phase[0].from_week == 0
    assert protocol.phase[-1].to_week == protocol.duration_weeks
    for before, after in zip(protocol.phase, protocol.phase[1:], strict=False):
        assert before.to_week == after.from_week
    assert all(phase.from_week < phase.to_week for phase in protocol.phase)


@each_protocol
def test_starting_doses_are_within_the_bounds_of_the_exercise(protocol: Protocol) -> None:
    for phase in protocol.phase:
        assert len({one.id for one in phase.exercise}) == len(phase.exercise)
        for one in phase.exercise:
            known = dict(bounds(exercises()[one.id]))
            for name in (*VARIABLES, *SCHEDULE):
                value = getattr(one, name)
                if value is not None:
                    limits = known[name]
                    assert limits.min <= value <= limits.max, (phase.id, one.id, name)
                    assert (value - limits.min) % limits.step == 0, (phase.id, one.id, name)
            effort = exercises()[one.id].dose.effort
            assert (one.effort_low is None) == (one.effort_high is None)
            if one.effort_low is not None and one.effort_high is not None:
                assert effort.low <= one.effort_low <= one.effort_high <= effort.high


@each_protocol
def test_every_phase_ends_by_criteria_that_include_no_red(protocol: Protocol) -> None:
    needs = {
        "adherence": ("at_least",),
        "no-red": ("days",),
        "pain": ("at_most",),
        "test": ("at_least", "unit", "measure"),
        "dose": ("sets", "reps"),
        "clinician": (),
    }
    ids = [criterion.id for phase in protocol.phase for criterion in phase.criterion]
    assert len(set(ids)) == len(ids)
    for phase in protocol.phase:
        assert "no-red" in {criterion.kind for criterion in phase.criterion}
        for criterion in phase.criterion:
            for field in ("at_least", "at_most", "days", "unit", "measure", "sets", "reps"):
                stated = getattr(criterion, field) is not None
                assert stated == (field in needs[criterion.kind]), (criterion.id, field)


@each_protocol
def test_goals_and_tests_are_measured_at_the_start_and_when_due(protocol: Protocol) -> None:
    weeks = {one.id: one.weeks for one in protocol.measurement}
    for goal in protocol.goal:
        assert {0, goal.due_week} <= set(weeks[goal.measure])
    for phase in protocol.phase:
        assert {one.measure for one in phase.criterion if one.measure} <= set(weeks)
    assert {one.id for one in protocol.measurement if one.kind == "instrument"} <= set(instruments())
    assert protocol.red_flags in screenings()
    assert {*protocol.sources, *(c.source for p in protocol.phase for c in p.criterion)} <= set(sources())
