"""Home logs: every worked alarm, no danger sign missed whatever the order, and what a log must say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.alarms import AlarmCase, alarms
from clinical.logs import Log
from clinical.red_flags import levels
from services.outcomes.domain.home_log import log_of
from services.outcomes.domain.log_alarms import alarms_on, raised
from services.outcomes.rules.exercise_log_is_announced import exercise_log_is_announced
from services.outcomes.rules.home_log_is_understood import home_log_is_understood
from services.outcomes.rules.home_log_raises_an_alert import home_log_raises_an_alert
from telerehab.change import Change, Emit, Refuse, Write
from telerehab.fhir.validation import validate
from telerehab.resource import Resource
from tests.services.outcomes.answered import home_log, symptom

SNOMED_CHEST_PAIN = {
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "29857009"}]},
    "valueBoolean": True,
}
NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


@pytest.mark.parametrize("case", alarms().case, ids=lambda case: case.id)
def test_worked_case(case: AlarmCase) -> None:
    held = alarms_on(_once(case.logs), case.today)
    assert tuple(held) == case.alarms
    named = {"severe-pain": alarms().severe_pain.level, "pain-spike": alarms().pain_spike.level}
    named |= {one.id: one.level for one in alarms().symptom if one.level}
    assert min((named[one] for one in held), key=list(levels()).index, default=None) == case.level


def _once(logs: tuple[Log, ...]) -> list[Log]:
    """A log that is sent twice is one: the service sees to that before any rule looks."""
    return list({log.id or str(index): log for index, log in enumerate(logs)}.values())


@given(st.permutations(range(6)), st.lists(st.integers(0, 10), min_size=6, max_size=6))
def test_whatever_the_order_in_which_logs_arrive_every_spike_and_severe_pain_alerts(
    order: list[int], pains: list[int]
) -> None:
    logs = [Log(day=day, pain_max=Decimal(pain)) for day, pain in enumerate(pains, 1)]
    said: set[str] = set()
    for place, index in enumerate(order):
        others = [logs[earlier] for earlier in order[:place]]
        said |= {sign.code.removeprefix("log.") for sign in raised(logs[index], others)}
    for day in range(1, 7):
        assert set(alarms_on(logs, day)) <= said


def judge(log: Resource, *others: Resource) -> list[Any]:
    found = {"known": [], "logs": list(others)}
    return list(home_log_raises_an_alert.judge(Change(None, log, NOW, found, version=1)))


@pytest.mark.parametrize("told", [one.id for one in alarms().symptom if one.level])
def test_a_grave_symptom_alerts_in_the_commit_of_its_log(told: str) -> None:
    issue, task, alert = judge(Resource.of(home_log({"done": 100}, [symptom(told)])))
    assert isinstance(issue, Write)
    assert isinstance(task, Write)
    assert isinstance(alert, Emit)
    assert validate(issue.content) == validate(task.content) == []
    assert issue.content["code"]["coding"][0]["code"] == f"log.{told}"


def test_a_symptom_that_is_not_known_alerts_at_the_gravest_level() -> None:
    for unknown in (symptom("dragons"), {**symptom("fall"), "valueCodeableConcept": {"text": "I fell"}}):
        _, task, alert = judge(Resource.of(home_log({}, [unknown])))
        assert task.content["priority"] == "stat"
        assert alert.message.rule_code == "log.unknown-symptom"


@pytest.mark.parametrize(
    "changed", [{"meta": None}, {"code": {"text": "log"}}], ids=["code alone", "profile alone"]
)
@pytest.mark.parametrize("has_system", [True, False])
def test_a_log_is_known_by_its_code_or_its_profile_and_its_components_without_a_system(
    changed: dict[str, Any], has_system: bool
) -> None:
    told = home_log({"pain-max": 10}, [symptom("fall")], **changed)
    if not has_system:
        codes = [one["code"]["coding"][0]["code"] for one in told["component"]]
        bare = [{"coding": [{"code": code}]} for code in codes]
        told["component"] = [{**one, "code": code} for one, code in zip(told["component"], bare, strict=True)]
    log = Resource.of(told)
    change = Change(None, log, NOW)
    assert home_log_raises_an_alert.concerns(change)
    assert list(home_log_is_understood.judge(change)) == []
    issue, _, _ = judge(log)
    assert {one["code"][0]["coding"][0]["code"] for one in issue.content["evidence"]} == {
        "log.fall",
        "log.severe-pain",
    }


def test_an_observation_of_others_is_left_as_it_is() -> None:
    heart_rate = home_log(
        {},
        [SNOMED_CHEST_PAIN],
        meta=None,
        code={"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    )
    change = Change(None, Resource.of(heart_rate), NOW)
    for one in (home_log_is_understood, home_log_raises_an_alert, exercise_log_is_announced):
        assert not one.concerns(change)


def test_severe_pain_is_told_once_a_day_unless_it_gets_worse() -> None:
    first = Resource.of(home_log({"pain-max": 8}, id="o0"))
    assert len(judge(Resource.of(home_log({"pain-max": 8})), first)) == 0
    assert len(judge(Resource.of(home_log({"pain-max": 9})), first)) == 3
    assert len(judge(Resource.of(home_log({"pain-max": 8})))) == 3


def test_a_log_is_understood_in_the_patients_own_day() -> None:
    log = log_of(home_log({"pain-max": 3, "done": 90}, effectiveDateTime="2026-03-09T00:30:00+13:00"))
    assert date.fromordinal(log.day) == date(2026, 3, 9)
    assert (log.pain_max, log.done, log.id) == (Decimal(3), Decimal(90), "urn:app|log-1")


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({}, None),
        ({"status": "amended"}, None),
        ({"identifier": [{"value": "1"}]}, "Observation.identifier"),
        ({"identifier": None}, "Observation.identifier"),
        ({"effectiveDateTime": "2026-03-09"}, "Observation.effectiveDateTime"),
        ({"effectiveDateTime": None}, "Observation.effectiveDateTime"),
        ({"subject": {"reference": "Group/1"}}, "Observation.subject"),
        ({"basedOn": [{"reference": "CarePlan/c1"}]}, "Observation.basedOn"),
        ({"component": home_log({"pain-max": 11})["component"]}, "Observation.component[0].value"),
        ({"component": home_log({"pain-max": -1})["component"]}, "Observation.component[0].value"),
        ({"component": home_log({"happiness": 3})["component"]}, "Observation.component[0].code"),
        (
            {"component": [{"code": {"text": "symptom"}, "valueString": "chest pain"}]},
            "Observation.component[0].code",
        ),
        ({"component": [SNOMED_CHEST_PAIN]}, "Observation.component[0].code"),
        ({"meta": None, "component": [SNOMED_CHEST_PAIN]}, "Observation.component[0].code"),
        ({"component": home_log({"done": 1})["component"] * 2}, "Observation.component[1]"),
    ],
)
def test_a_log_that_could_not_be_judged_is_refused(changed: dict[str, Any], where: str | None) -> None:
    content = {**home_log({"done": 100}), **changed}
    log = Resource.of({name: value for name, value in content.items() if value is not None})
    said = list(home_log_is_understood.judge(Change(None, log, NOW)))
    assert [one.expression for one in said if isinstance(one, Refuse)] == ([where] if where else [])


def test_a_log_is_said_with_all_it_tells() -> None:
    told = {
        "sets": 3, "repetitions": 30, "extra-repetitions": 2, "done": 100, "pain-before": 1, "pain-max": 0,
        "pain-after": 3, "pain-next-morning": 4, "effort": 5, "seconds": 60, "metres": 70,
    }  # fmt: skip
    log = Resource.of(home_log(told, [symptom("muscle-soreness")]))
    assert validate(log.content) == []
    (emit,) = exercise_log_is_announced.judge(Change(None, log, NOW, version=1))
    assert isinstance(emit, Emit)
    message: Any = emit.message
    assert (message.service_request_id, message.care_plan_id, message.client_id) == ("s1", "c1", "log-1")
    assert (message.sets_done, message.repetitions_done, message.completion_percent) == (3, 30, 100)
    assert (message.pain, message.HasField("pain"), message.exertion) == (0, True, 5)
    assert (message.pain_before, message.pain_after, message.pain_next_morning) == (1, 3, 4)
    assert (message.seconds_done, message.metres_done, message.extra_repetitions) == (60, 70, 2)
    assert (list(message.symptoms), message.offset_minutes) == (["muscle-soreness"], 60)
    assert not message.withdrawn


@pytest.mark.parametrize("withdrawn", [home_log({}, status="entered-in-error"), None])
def test_a_log_that_is_taken_back_is_said(withdrawn: dict[str, Any] | None) -> None:
    after = Resource.of(withdrawn) if withdrawn else None
    change = Change(Resource.of(home_log({"pain-max": 9})), after, NOW, version=2)
    assert exercise_log_is_announced.concerns(change)
    (emit,) = exercise_log_is_announced.judge(change)
    assert isinstance(emit, Emit)
    assert getattr(emit.message, "withdrawn") is True  # noqa: B009
    assert not home_log_raises_an_alert.concerns(change)
