"""No danger sign without issue, Task and alert in its commit; no alert that ends without a named human."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.detectedissue import DetectedIssue
from fhir.resources.R4B.task import Task
from hypothesis import given
from hypothesis import strategies as st

from clinical.escalation import EscalationCase, escalation
from clinical.instruments import Case, Instrument, instruments
from clinical.red_flags import ScreeningCase, levels, screenings
from services.outcomes import lifecycles
from services.outcomes.domain.alert import Sign, detected_issue, is_alert, is_ours, level, task
from services.outcomes.domain.codes import SAFETY
from services.outcomes.domain.escalating import ESCALATIONS, PRIORITIES, escalated, escalations
from services.outcomes.domain.questionnaires import canonical
from services.outcomes.domain.red_flags import is_complete, raised
from services.outcomes.rules.alert_is_announced import alert_is_announced
from services.outcomes.rules.alert_is_closed_by_a_named_human import alert_is_closed_by_a_named_human
from services.outcomes.rules.grave_answer_raises_an_alert import grave_answer_raises_an_alert
from services.outcomes.rules.red_flag_raises_an_alert import red_flag_raises_an_alert
from telerehab.change import Change, Emit, Refuse, Write
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import (
    SafetyAlertAcknowledged,
    SafetyAlertEscalated,
    SafetyAlertRaised,
)
from telerehab.resource import Resource
from tests.services.outcomes.answered import answered, home_log, response, symptom, ticks
from tests.services.outcomes.conftest import Outcomes

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
PHQ_9, NPRS = instruments()["phq-9"], instruments()["nprs"]
SAFETY_CASES = [(one, case) for one in instruments().values() if one.safety for case in one.case]
SCREENING_CASES = [(name, case) for name, one in screenings().items() for case in one.case]
TASK_STATUSES = ["draft", "requested", "received", "accepted", "rejected", "ready", "cancelled",
                 "in-progress", "on-hold", "failed", "completed", "entered-in-error"]  # fmt: skip
OWNER = {"owner": {"reference": "Practitioner/d1"}}
REASON = {"statusReason": {"text": "Spoken with the patient: strained muscle."}}


def alarm(grave: str = "urgent") -> JsonObject:
    signs = [Sign(SAFETY, "log.fall", "A fall", "A fall", level(grave))]
    return task(
        detected_issue("Observation/o1/_history/1", {"reference": "Patient/p1"}, signs, NOW), signs, NOW
    )


def judge(rule: Any, content: JsonObject) -> list[Any]:
    change = Change(None, Resource.of(content), NOW, {"known": []}, version=1)
    return list(rule.judge(change)) if rule.concerns(change) else []


# What alerts


@pytest.mark.parametrize(
    ("name", "case"), SCREENING_CASES, ids=[f"{name}: {case.id}" for name, case in SCREENING_CASES]
)
def test_worked_case_of_a_screening(name: str, case: ScreeningCase) -> None:
    said: dict[str, Any] = {
        sign.link_id: False for sign in screenings()[name].item if sign.link_id not in case.blank
    }
    said |= dict.fromkeys(case.yes, True) | {key: {"valueString": "don't know"} for key in case.unsure}
    content = ticks(name, said)
    signs = raised(content)
    assert tuple(sign.code.removeprefix(f"{name}.") for sign in signs) == case.expect.raised
    assert (signs[0].level.name if signs else None) == case.expect.level
    assert (not signs and is_complete(content)) is case.expect.clear


@pytest.mark.parametrize(
    ("instrument", "case"), SAFETY_CASES, ids=[f"{one.id}: {case.id}" for one, case in SAFETY_CASES]
)
def test_worked_case_of_a_grave_answer(instrument: Instrument, case: Case) -> None:
    signs = judge(grave_answer_raises_an_alert, answered(instrument, case.answers))
    codes = [one["code"][0]["coding"][0]["code"] for one in signs[0].content["evidence"]] if signs else []
    expected = [*case.expect.alerts, *(f"{one}-unanswered" for one in case.expect.asks)]
    assert codes == [f"{instrument.id}.{one}" for one in expected]


def test_a_blank_ninth_item_is_asked_only_when_the_answers_are_sent() -> None:
    blank = answered(PHQ_9, [0] * 8 + [None])
    (_, asked, alert) = judge(grave_answer_raises_an_alert, blank)
    assert (asked.content["priority"], alert.message.rule_code) == (
        levels()["urgent"].priority,
        "phq-9.thoughts-of-self-harm-unanswered",
    )
    assert judge(grave_answer_raises_an_alert, {**blank, "status": "in-progress"}) == []


@given(
    st.sampled_from(sorted(screenings())),
    st.data(),
    st.sampled_from(["in-progress", "completed", "amended", "stopped"]),
    st.sampled_from(["", "1.0.0", "9.9.9"]),
)
def test_no_answers_with_an_emergency_sign_end_without_issue_task_and_alert(
    region: str, data: st.DataObject, status: str, version: str
) -> None:
    signs = screenings()[region].item
    grave = data.draw(st.sampled_from([one.link_id for one in signs if one.level == "emergency"]))
    not_no = st.sampled_from([True, {"valueString": "perhaps"}, {"valueCoding": {"code": "asked-unknown"}}])
    others = st.dictionaries(st.sampled_from([one.link_id for one in signs]), st.booleans())
    said = {**data.draw(others), grave: data.draw(not_no)}
    said = dict(data.draw(st.permutations(list(said.items()))))
    verdicts = judge(red_flag_raises_an_alert, ticks(region, said, status=status, version=version))
    complete_alert(verdicts, "stat")


@given(st.lists(st.none() | st.integers(-1, 4), min_size=8, max_size=8), st.integers(1, 9), st.booleans())
def test_no_thought_of_self_harm_ends_without_issue_task_and_alert(
    others: list[int | None], ninth: int, sent: bool
) -> None:
    content = answered(PHQ_9, [*others, ninth], status="completed" if sent else "in-progress")
    complete_alert(judge(grave_answer_raises_an_alert, content), "stat")


def complete_alert(verdicts: list[Any], priority: str) -> None:
    issue, asked, alert = verdicts
    assert isinstance(issue, Write)
    assert isinstance(asked, Write)
    assert isinstance(alert, Emit)
    assert isinstance(alert.message, SafetyAlertRaised)
    assert asked.content["priority"] == priority
    assert asked.content["focus"]["reference"] == f"DetectedIssue/{issue.content['id']}"
    assert (alert.message.task_id, alert.message.detected_issue_id) == (
        asked.content["id"],
        issue.content["id"],
    )
    assert validate(issue.content) == validate(asked.content) == []
    DetectedIssue.model_validate_json(json.dump(issue.content))
    Task.model_validate_json(json.dump(asked.content))
    assert is_ours(issue.content)
    assert is_alert(asked.content)


@pytest.mark.parametrize(
    "shown",
    [
        ticks("hip", {"hot-joint-fever": True}),
        answered(PHQ_9, [0] * 8 + [2]),
        answered(PHQ_9, [None] * 8 + [1]),
        answered(NPRS, [8]),
        {**answered(PHQ_9, [0] * 8 + [1]), "questionnaire": "Questionnaire/phq-9-1.0.0"},
        {**answered(PHQ_9, [0] * 8 + [1]), "questionnaire": "Questionnaire/PHQ-9"},
        {**answered(PHQ_9, [0] * 8 + [1]), "questionnaire": canonical("phq9")},
        {**answered(PHQ_9, [0] * 8 + [1]), "questionnaire": f"{canonical('phq-9')}/"},
        ticks("wrist", {"swollen": True}),
        home_log({"pain-max": 8}),
        home_log({}, [symptom("fall")]),
    ],
    ids=[
        "red flag",
        "self-harm",
        "self-harm without a score",
        "severe pain on the scale",
        "by the id of the Questionnaire",
        "in capitals",
        "without a hyphen",
        "with a slash at the end",
        "unknown screening",
        "severe pain",
        "fall",
    ],
)
async def test_the_alert_is_in_the_commit_of_what_showed_it(outcomes: Outcomes, shown: JsonObject) -> None:
    sent = await outcomes.post(shown)
    (issue,), (asked,) = await outcomes.find("DetectedIssue"), await outcomes.find("Task")
    rows = await outcomes.engine.store.fetch(
        "SELECT xmin::text AS commit FROM resource WHERE id = ANY($1)", [sent["id"], issue["id"], asked["id"]]
    )
    assert len(rows) == 3
    assert len({row["commit"] for row in rows}) == 1
    (said,) = await outcomes.said(SafetyAlertRaised)
    assert (said.task_id, said.source) == (asked["id"], f"{sent['resourceType']}/{sent['id']}")


async def test_amending_an_alerting_response_raises_no_second_alert_but_a_further_sign_does(
    outcomes: Outcomes,
) -> None:
    sent = await outcomes.post(ticks("hip", {"cancer-history": True}))
    again = outcomes.mine(
        {**ticks("hip", {"cancer-history": True, "calf-swelling-tender": False}), "id": sent["id"]}
    )
    await outcomes.put(again)
    assert len(await outcomes.find("Task")) == 1
    await outcomes.put(
        outcomes.mine({**ticks("hip", {"cancer-history": True, "hot-joint-fever": True}), "id": sent["id"]})
    )
    assert len(await outcomes.find("Task")) == 2


async def test_a_spike_in_logs_alerts_whatever_the_order_in_which_they_arrive(outcomes: Outcomes) -> None:
    for day, pain in ((8, 5), (1, 2), (7, 5), (3, 2)):
        await outcomes.post(
            home_log(
                {"pain-max": pain},
                identifier=[{"system": "urn:app", "value": f"log-{day}"}],
                effectiveDateTime=f"2026-03-0{day}T08:00:00+01:00",
            )
        )
    codes = [one["code"]["coding"][0]["code"] for one in await outcomes.find("DetectedIssue")]
    assert codes == ["log.pain-spike"]


async def test_a_log_that_is_sent_twice_is_one(outcomes: Outcomes) -> None:
    await outcomes.post(home_log({"pain-max": 3}))
    refused = await outcomes.post(home_log({"pain-max": 3}), status=409)
    assert refused["issue"][0]["code"] == "duplicate"
    assert len(await outcomes.find("Observation")) == 1


async def test_a_phone_may_send_all_its_logs_at_once(outcomes: Outcomes) -> None:
    logs = [
        home_log({"pain-max": 3}, identifier=[{"system": "urn:app", "value": str(number)}])
        for number in range(12)
    ]
    await asyncio.gather(*(outcomes.post(log) for log in logs))
    assert len(await outcomes.find("Observation")) == 12


@pytest.mark.parametrize(
    "whose",
    [
        {"subject": {"reference": "Practitioner/d1"}},
        {"subject": {"reference": "Group/g1"}},
        {"subject": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p"}]},
        {"subject": {"reference": "https://hospital.example/fhir/Patient/1"}},
        {"subject": {"display": "the patient in room 3"}},
        {},
    ],
    ids=["practitioner", "group", "contained", "elsewhere", "named", "nobody"],
)
async def test_a_sign_alerts_whoever_the_subject_is(outcomes: Outcomes, whose: JsonObject) -> None:
    shown = [ticks("hip", {"hot-joint-fever": True}), answered(PHQ_9, [0] * 8 + [2])]
    for content in shown:
        told = {name: value for name, value in content.items() if name not in ("id", "subject")}
        sent = await outcomes.send("POST", "QuestionnaireResponse", {**told, **whose}, 201)
        found = await outcomes.send(
            "GET", f"DetectedIssue?implicated=QuestionnaireResponse/{sent['id']}", None, 200
        )
        assert len(found["entry"]) == 1


def test_a_hospitals_issues_and_tasks_are_its_own() -> None:
    theirs = {
        "resourceType": "DetectedIssue",
        "id": "i1",
        "status": "final",
        "implicated": [{"reference": "MedicationRequest/1"}],
        "evidence": [{"code": [{"text": "both raise potassium"}, {"coding": [{"display": "no code"}]}]}],
    }
    for content in (theirs, {"resourceType": "Task", "id": "t1", "status": "requested", "intent": "order"}):
        assert not alert_is_closed_by_a_named_human.concerns(Change(Resource.of(content), None, NOW))


# Who ends it


ERROR = "entered-in-error"
ALERT_GOES = {
    (None, "requested"),
    *(("requested", after) for after in ("accepted", "in-progress", "completed", "cancelled", ERROR)),
    *(("accepted", after) for after in ("in-progress", "completed", "cancelled", ERROR)),
    *(("in-progress", after) for after in ("completed", "cancelled", ERROR)),
}
DUE_GOES = {
    (None, "requested"),
    *(("requested", after) for after in ("in-progress", "completed", "cancelled", "rejected", ERROR)),
    *(("in-progress", after) for after in ("completed", "cancelled", "rejected", ERROR)),
    *((before, ERROR) for before in ("completed", "cancelled", "rejected")),
}


@pytest.mark.parametrize("before", [None, *TASK_STATUSES])
@pytest.mark.parametrize("after", TASK_STATUSES)
@pytest.mark.parametrize(
    ("lifecycle", "allowed"),
    [(lifecycles.alert, ALERT_GOES), (lifecycles.due_questionnaire, DUE_GOES)],
    ids=["alert", "due"],
)
def test_only_these_transitions_are_possible(
    lifecycle: Any, allowed: set[tuple[str | None, str]], before: str | None, after: str
) -> None:
    code = "acknowledge-alert" if lifecycle is lifecycles.alert else "complete-questionnaire"
    content = alarm()
    content["code"]["coding"][0]["code"] = code
    earlier = Resource.of({**content, "status": before}) if before else None
    said = list(lifecycle.as_rule().judge(Change(earlier, Resource.of({**content, "status": after}), NOW)))
    assert (said == []) is (before == after or (before, after) in allowed)


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"status": "accepted", **OWNER}, []),
        ({"status": "in-progress", **OWNER}, []),
        ({"status": "completed", **OWNER, **REASON}, []),
        ({"status": "completed", **OWNER, "statusReason": {"coding": [{"code": "no-danger"}]}}, []),
        ({"status": "cancelled", **OWNER, **REASON}, []),
        ({"status": "accepted"}, ["Task.owner"]),
        ({"status": "accepted", "owner": {"display": "Dr Adler"}}, ["Task.owner"]),
        ({"status": "accepted", "owner": {"reference": "Organization/1"}}, ["Task.owner"]),
        ({"status": "accepted", "owner": {"reference": "Patient/p1"}}, ["Task.owner"]),
        ({"status": "accepted", "owner": {"reference": "Device/pump"}}, ["Task.owner"]),
        ({"status": "accepted", "owner": {"reference": "CareTeam/c1"}}, ["Task.owner"]),
        ({"status": "accepted", "owner": {"reference": "Practitioner/"}}, ["Task.owner"]),
        ({"status": "accepted", "owner": {"reference": "Device/Practitioner"}}, ["Task.owner"]),
        ({"status": "completed", **REASON}, ["Task.owner"]),
        ({"status": "completed", **OWNER}, ["Task.statusReason"]),
        ({"status": "cancelled", **OWNER, "statusReason": {"text": " "}}, ["Task.statusReason"]),
        ({"status": "cancelled"}, ["Task.owner", "Task.statusReason"]),
        ({"status": "entered-in-error"}, ["Task.owner", "Task.statusReason"]),
        ({"restriction": {"period": {"end": "2026-03-05T09:00:00Z"}}}, ["Task.restriction.period"]),
        ({"restriction": {}}, ["Task.restriction.period"]),
        ({"restriction": {"period": {"end": "2026-03-03T10:00:00Z"}}}, []),
        ({"code": {"text": "nothing"}}, ["Task.code"]),
        ({"focus": {"reference": "DetectedIssue/other"}}, ["Task.focus"]),
        ({"for": {"reference": "Patient/other"}}, ["Task.for"]),
        ({"reasonCode": {"text": "nothing"}}, ["Task.reasonCode"]),
    ],
)
def test_an_alert_is_taken_by_a_named_human_and_closed_with_a_reason(
    changed: JsonObject, where: list[str]
) -> None:
    change = Change(Resource.of(alarm()), Resource.of({**alarm(), **changed}), NOW, version=2)
    assert alert_is_closed_by_a_named_human.concerns(change)
    said = list(alert_is_closed_by_a_named_human.judge(change))
    assert [one.expression for one in said if isinstance(one, Refuse)] == where


FAR = {"restriction": {"period": {"end": "2099-01-01T00:00:00Z"}}}
SIGNS = [Sign(SAFETY, "log.fall", "A fall", "A fall", level("urgent"))]
FOUND = detected_issue("Observation/o1/_history/1", {"reference": "Patient/p1"}, SIGNS, NOW)


@pytest.mark.parametrize("minutes", [0, 239, 240, 300])
@pytest.mark.parametrize(
    ("changed", "is_step"),
    [
        ({}, True),
        (FAR, False),
        ({"extension": [{"url": ESCALATIONS, "valuePositiveInt": 9}]}, False),
        ({"priority": "routine"}, False),
    ],
    ids=["as stated", "with a far deadline", "counted further", "less urgent"],
)
def test_a_deadline_moves_only_as_an_escalation_that_is_due_moves_it(
    minutes: int, changed: JsonObject, is_step: bool
) -> None:
    now = NOW + timedelta(minutes=minutes)
    after = {**escalated(alarm(), now), **changed}
    said = list(
        alert_is_closed_by_a_named_human.judge(
            Change(Resource.of(alarm()), Resource.of(after), now, version=2)
        )
    )
    assert (said == []) is (is_step and minutes >= 240)


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("implicated", None),
        ("evidence", []),
        ("patient", {"reference": "Patient/other"}),
        ("severity", "low"),
    ],
)
def test_what_an_alert_stands_on_is_not_rewritten(element: str, value: Any) -> None:
    after = {name: one for name, one in {**FOUND, element: value}.items() if one}
    change = Change(Resource.of(FOUND), Resource.of(after), NOW, version=2)
    assert alert_is_closed_by_a_named_human.concerns(change)
    said = list(alert_is_closed_by_a_named_human.judge(change))
    assert [one.expression for one in said if isinstance(one, Refuse)] == [f"DetectedIssue.{element}"]


def test_what_was_done_about_a_finding_may_be_added_to_it() -> None:
    done = {**FOUND, "mitigation": [{"action": {"text": "Called the patient."}}]}
    change = Change(Resource.of(FOUND), Resource.of(done), NOW, version=2)
    assert list(alert_is_closed_by_a_named_human.judge(change)) == []


async def test_an_alert_is_acknowledged_with_no_other_service_there_and_then_said(outcomes: Outcomes) -> None:
    await outcomes.post(home_log({}, [symptom("fall")]))
    (asked,) = await outcomes.find("Task")
    for unnamed in (
        {"status": "accepted"},
        {"status": "completed", **OWNER},
        {"status": "cancelled", **REASON},
    ):
        await outcomes.put({**asked, **unnamed}, status=422)
    await outcomes.send("DELETE", f"Task/{asked['id']}", None, 422)
    await outcomes.send("DELETE", asked["focus"]["reference"], None, 422)
    taken = await outcomes.put({**asked, "status": "accepted", **OWNER})
    await outcomes.put({**taken, "status": "completed", **REASON})
    (said,) = await outcomes.said(SafetyAlertAcknowledged)
    assert (said.task_id, said.acknowledged_by, said.task_version) == (asked["id"], "Practitioner/d1", 2)
    await outcomes.after(days=9)
    assert await outcomes.said(SafetyAlertEscalated) == []


# Who is told again


@pytest.mark.parametrize("case", escalation().case, ids=lambda case: case.id)
def test_worked_case_of_an_escalation(case: EscalationCase) -> None:
    later = alarm(case.level)
    for expected in case.expect:
        later = escalated(later, NOW)
        minutes = datetime.fromisoformat(later["restriction"]["period"]["end"]) - NOW
        assert (later["priority"], minutes.total_seconds() / 60) == (expected.priority, expected.due_minutes)
    assert validate(later) == []


@pytest.mark.parametrize("name", levels())
def test_every_level_escalates_and_its_priority_never_falls(name: str) -> None:
    before = alarm(name)
    for number in range(1, 6):
        after = escalated(before, NOW)
        assert PRIORITIES.index(after["priority"]) >= PRIORITIES.index(before["priority"])
        assert escalations(after) == number
        before = after


async def test_an_alert_that_nobody_takes_escalates_until_somebody_does(outcomes: Outcomes) -> None:
    await outcomes.post(ticks("hip", {"hot-joint-fever": True}))
    await outcomes.after(minutes=14)
    assert await outcomes.said(SafetyAlertEscalated) == []
    for number in (1, 2, 3):
        await outcomes.after(minutes=15 if number == 1 else 5)
        await outcomes.after()
        (asked,) = await outcomes.find("Task")
        assert escalations(asked) == number
        assert asked["businessStatus"]["text"].startswith(f"Escalated {number} time")
    said = await outcomes.said(SafetyAlertEscalated)
    assert [(one.escalation, one.priority) for one in said] == [(1, "stat"), (2, "stat"), (3, "stat")]
    await outcomes.put({**asked, "status": "accepted", **OWNER})
    await outcomes.after(hours=5)
    assert len(await outcomes.said(SafetyAlertEscalated)) == 3


def test_each_step_of_an_alert_is_said_once() -> None:
    raised_first = alarm()
    again = escalated(raised_first, NOW)
    told = [
        (None, raised_first, []),
        (raised_first, again, [SafetyAlertEscalated]),
        (again, {**again, "description": "called, no answer"}, []),
        (again, {**again, "status": "accepted", **OWNER}, [SafetyAlertAcknowledged]),
        ({**again, "status": "accepted"}, {**again, "status": "completed"}, []),
    ]
    for before, after, expected in told:
        change = Change(Resource.of(before) if before else None, Resource.of(after), NOW, version=2)
        verdicts = alert_is_announced.judge(change) if alert_is_announced.concerns(change) else ()
        assert [type(one.message) for one in verdicts if isinstance(one, Emit)] == expected


def test_answers_that_are_no_danger_cost_nothing() -> None:
    safe = answered(PHQ_9, [1] * 8 + [0])
    assert judge(grave_answer_raises_an_alert, safe) == []
    assert judge(grave_answer_raises_an_alert, response("phq-9", status="entered-in-error")) == []
    assert judge(red_flag_raises_an_alert, safe) == []
