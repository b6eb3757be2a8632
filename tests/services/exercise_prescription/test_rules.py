"""Rules over prescriptions and proposals: whatever is written, a dose keeps its bounds and statuses their order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.exercises import Effort, exercises
from services.exercise_prescription import lifecycles
from services.exercise_prescription.domain.dose import VARIABLES, bounds_of, outside, starting_dose
from services.exercise_prescription.domain.prescribed import Prescribed, prescribed, prescription, with_dose
from services.exercise_prescription.domain.schedule import planned_days, repeat_of, schedule_of, scheduled
from services.exercise_prescription.domain.terms import DOSE_PROPOSAL, PRESCRIPTION
from services.exercise_prescription.rules.prescription_stays_within_bounds import (
    prescription_stays_within_bounds,
)
from telerehab.canonical import PROGRAMME
from telerehab.change import Change
from telerehab.fhir import json
from telerehab.fhir.validation import validate
from telerehab.lifecycle import Lifecycle
from telerehab.resource import Resource

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
STATUSES = ("draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown")


def starting(name: str) -> Prescribed:
    exercise = exercises()[name]
    dose = exercise.dose
    return Prescribed(
        exercise,
        starting_dose(exercise),
        scheduled(int(dose.per_day.start), int(dose.days_per_week.start), MONDAY),
        dose.effort,
        dose.pain_limit,
        None if exercise.side == "both-at-once" else "left",
    )


def written(what: Prescribed) -> dict[str, Any]:
    return prescription(
        "s1", what, subject="Patient/p", care_plan_id="c1", authored="2026-03-02T00:00:00Z",
        bounds={"start": "2026-03-02T00:00:00Z"}, requester=None, encounter=None, reason={"text": "Hip"},
    )  # fmt: skip


def refused(request: dict[str, Any]) -> bool:
    change = Change(None, Resource.of(request), NOW)
    return bool(list(prescription_stays_within_bounds.judge(change)))


@pytest.mark.parametrize("name", sorted(exercises()))
def test_the_start_of_each_exercise_is_prescribed_and_read_back(name: str) -> None:
    what = starting(name)
    request = json.parse_object(json.dump(written(what)))
    assert validate(request) == []
    assert not refused(request)
    assert prescribed(request) == what


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_prescription_is_refused_if_and_only_if_it_is_out_of_bounds(data: st.DataObject) -> None:
    what = starting(data.draw(st.sampled_from(sorted(exercises()))))
    dose = what.dose
    for variable in VARIABLES:
        bounds = bounds_of(what.exercise, variable)
        if bounds is not None and data.draw(st.booleans()):
            steps = Decimal(data.draw(st.integers(-2, 8))) / data.draw(st.sampled_from((1, 1, 1, 2)))
            value = bounds.start + steps * bounds.step
            value = value.to_integral_value() if variable in ("sets", "reps") else value
            dose = dose.with_value(variable, max(Decimal(1), value))
    limit = data.draw(st.sampled_from((0, 3, what.pain_limit, what.pain_limit, what.pain_limit + 1)))
    changed = replace(what, dose=dose, pain_limit=limit)
    request = json.parse_object(json.dump(with_dose(written(what), changed)))
    wrong = bool(list(outside(dose, what.exercise))) or limit > what.exercise.dose.pain_limit
    assert refused(request) == wrong


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("instantiatesCanonical", []),
        ("instantiatesCanonical", ["https://elsewhere.example/ActivityDefinition/bridge"]),
        ("extension", []),
        ("occurrenceTiming", {}),
        ("occurrenceTiming", {"repeat": {"frequency": 3, "period": 1, "periodUnit": "wk"}}),
        ("occurrenceTiming", {"repeat": {"frequency": 9, "period": 1, "periodUnit": "d"}}),
        ("occurrenceTiming", {"repeat": {"frequency": 1, "period": 2, "periodUnit": "d"}}),
    ],
)
def test_what_says_no_dose_is_refused(element: str, value: Any) -> None:
    assert refused({**written(starting("bridge")), element: value})


def test_effort_has_a_scale() -> None:
    what = starting("bridge")
    assert refused(written(replace(what, effort=Effort(low=Decimal(8), high=Decimal(7)))))
    assert refused(written(replace(what, effort=Effort(low=Decimal(8), high=Decimal(11)))))


def test_an_exercise_for_one_side_says_which() -> None:
    request = written(starting("quad-set"))
    assert not refused(request)
    del request["bodySite"]
    assert refused(request)


@pytest.mark.parametrize("days", range(1, 8))
@pytest.mark.parametrize("per_day", [1, 2])
@pytest.mark.parametrize("weekday", range(7))
def test_an_exercise_is_due_as_often_as_stated_from_its_first_day(
    days: int, per_day: int, weekday: int
) -> None:
    start = MONDAY.replace(day=2 + weekday)
    schedule = scheduled(per_day, days, start)
    assert schedule_of({"repeat": repeat_of(schedule)}) == schedule
    assert (schedule.per_day, schedule.days_per_week) == (per_day, days)
    due = planned_days(schedule, start, 28)
    assert due[0] == 1
    assert len(due) == 4 * days


REQUEST = {
    (None, "draft"),
    ("draft", "active"),
    ("draft", "revoked"),
    ("active", "on-hold"),
    ("active", "completed"),
    ("active", "revoked"),
    ("on-hold", "active"),
    ("on-hold", "completed"),
    ("on-hold", "revoked"),
    *((before, "entered-in-error") for before in ("draft", "active", "on-hold", "completed", "revoked")),
}
PROPOSAL = {(None, "draft"), *(("draft", after) for after in ("completed", "revoked", "entered-in-error"))}


@pytest.mark.parametrize(
    ("lifecycle", "profile", "allowed"),
    [
        (lifecycles.programme, PROGRAMME, REQUEST),
        (lifecycles.prescription, PRESCRIPTION, REQUEST),
        (lifecycles.proposal, DOSE_PROPOSAL, PROPOSAL),
    ],
    ids=["programme", "prescription", "proposal"],
)
@pytest.mark.parametrize("before", [None, *STATUSES])
@pytest.mark.parametrize("after", STATUSES)
def test_only_these_transitions_are_possible(
    lifecycle: Lifecycle,
    profile: str,
    allowed: set[tuple[str | None, str]],
    before: str | None,
    after: str,
) -> None:
    def at(status: str) -> Resource:
        content = {"resourceType": lifecycle.type, "id": "1", "meta": {"profile": [profile]}}
        return Resource.of({**content, "status": status})

    said = list(lifecycle.as_rule().judge(Change(at(before) if before else None, at(after), NOW)))
    assert (said == []) is (before == after or (before, after) in allowed)
