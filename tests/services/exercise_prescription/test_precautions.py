"""What in a patient's history speaks against an exercise: every worked case, and when unsure it holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.exercises import exercises
from clinical.precautions import PrecautionCase, precautions
from services.exercise_prescription.domain.precautions import ICD_10, against
from services.exercise_prescription.domain.terms import SNOMED
from telerehab.resource import Resource

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BRIDGE, PLANK = exercises()["bridge"], exercises()["front-plank"]


def condition(system: str, code: str, **more: Any) -> Resource:
    content = {
        "resourceType": "Condition",
        "id": "c1",
        "code": {"coding": [{"system": "urn:hospital", "code": "x"}, {"system": system, "code": code}]},
        "subject": {"reference": "Patient/p1"},
        **more,
    }
    return Resource.of(content)


def operation(code: str, **more: Any) -> Resource:
    coding = {"coding": [{"system": SNOMED, "code": code}]}
    content = {"resourceType": "Procedure", "id": "p1", "status": "completed", "code": coding}
    return Resource.of({**content, "subject": {"reference": "Patient/p1"}, **more})


def status(code: str) -> dict[str, Any]:
    return {"clinicalStatus": {"coding": [{"code": code}]}}


def names(exercise: str, *history: Resource) -> list[str]:
    return [found.rule.id for found in against(exercises()[exercise], history, NOW)]


@pytest.mark.parametrize("case", precautions().case, ids=lambda case: case.id)
def test_worked_case(case: PrecautionCase) -> None:
    system, code = (SNOMED, case.snomed) if case.snomed else (ICD_10[1], case.icd10)
    told = (
        {}
        if case.weeks_ago is None
        else {"onsetDateTime": f"{NOW - timedelta(weeks=case.weeks_ago):%Y-%m-%d}"}
    )
    assert code is not None
    known = condition(system, code, **told, **status("resolved" if case.over else "active"))
    assert names(case.exercise, known) == list(case.expect)


def test_each_rule_is_about_exercises_there_are_and_some_exercise() -> None:
    tags = {tag for exercise in exercises().values() for tag in exercise.tags}
    for rule in precautions().rule:
        assert set(rule.exercises) <= set(exercises()), rule.id
        assert set(rule.tags) <= tags, rule.id
        assert rule.icd10 or rule.snomed, rule.id
        assert not rule.within_weeks or rule.within_weeks > 0, rule.id
    assert {id for case in precautions().case for id in case.expect} >= {"hip-replacement", "thrombosis"}


@pytest.mark.parametrize(
    ("known", "holds"),
    [
        (condition(SNOMED, "128053003"), True),
        (condition(SNOMED, "128053003", **status("recurrence")), True),
        (condition(SNOMED, "128053003", **status("inactive")), False),
        (condition(SNOMED, "128053003", verificationStatus={"coding": [{"code": "unconfirmed"}]}), True),
        (condition(SNOMED, "128053003", verificationStatus={"coding": [{"code": "refuted"}]}), False),
        (condition("urn:other", "128053003"), False),
        (condition(ICD_10[0], "I82.4"), True),
        (condition(ICD_10[1], "I82.492"), True),
        (condition(ICD_10[1], "I82"), False),
        (condition(SNOMED, "128053003", onsetDateTime="2025"), True),
        (condition(SNOMED, "128053003", onsetDateTime="2025-12"), True),
        (condition(SNOMED, "128053003", onsetDateTime="2025-11"), False),
        (condition(SNOMED, "128053003", onsetDateTime="2020-01-01", recordedDate="2026-02-01"), True),
        (condition(SNOMED, "128053003", onsetPeriod={"start": "2025-02-01T08:00:00+01:00"}), False),
        (condition(SNOMED, "128053003", onsetDateTime="9999-12"), True),
        (Resource.of({"resourceType": "Condition", "id": "c1", "code": {"text": "clot"}}), False),
    ],
)
def test_a_condition_counts_until_it_is_said_to_be_over(known: Resource, holds: bool) -> None:
    assert (names("bridge", known) == ["thrombosis"]) is holds


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ({"performedDateTime": "2026-01-20"}, True),
        ({"performedPeriod": {"start": "2025-11-01", "end": "2025-12-20"}}, True),
        ({"performedDateTime": "2025-01-20"}, False),
        ({"performedDateTime": "2026-01-20", "status": "not-done"}, False),
        ({"performedDateTime": "2026-01-20", "status": "entered-in-error"}, False),
        ({"performedString": "in winter"}, True),
    ],
)
def test_an_operation_counts_for_the_weeks_that_its_rule_says(told: dict[str, Any], holds: bool) -> None:
    assert (names("sit-to-stand", operation("52734007", **told)) == ["hip-replacement"]) is holds


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(4, 10))
def test_a_date_told_less_exactly_never_makes_a_rule_hold_less(day: date, length: int) -> None:
    exact, rough = (
        f"{day:%Y-%m-%d}",
        f"{day:%Y-%m-%d}"[: {4: 4, 5: 4, 6: 4, 7: 7, 8: 7, 9: 7, 10: 10}[length]],
    )
    held = names("bridge", condition(SNOMED, "128053003", onsetDateTime=exact))
    assert set(held) <= set(names("bridge", condition(SNOMED, "128053003", onsetDateTime=rough)))
