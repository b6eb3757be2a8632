"""A danger sign that comes back, gets worse or is another patient's is told anew; one that stays is not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.instruments import instruments
from services.outcomes.domain.alert import is_ours
from services.outcomes.rules.grave_answer_raises_an_alert import grave_answer_raises_an_alert
from telerehab import identity
from telerehab.change import Change, Write
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Missed
from tests.services.outcomes.answered import answered, home_log, symptom, ticks
from tests.services.outcomes.conftest import CALLER, START, Outcomes

PHQ_9 = instruments()["phq-9"]
OWNER = {"owner": {"reference": "Practitioner/d1"}}
CLOSED = {"status": "completed", **OWNER, "statusReason": {"text": "Spoken with the patient."}}
TAKEN = {"status": "accepted", **OWNER}


def item_nine(value: int) -> JsonObject:
    return answered(PHQ_9, [0] * 8 + [value], status="amended")


def flag(says_yes: bool) -> JsonObject:
    return ticks("hip", {"hot-joint-fever": says_yes}, status="amended")


def pain(value: int, *told: str) -> JsonObject:
    return home_log({"pain-max": value}, [symptom(one) for one in told], status="amended")


async def amend(outcomes: Outcomes, sent: JsonObject, content: JsonObject) -> None:
    await outcomes.put({**outcomes.mine(content), "id": sent["id"]})


async def act(outcomes: Outcomes, done: JsonObject) -> None:
    """A human takes or closes each alert that waits."""
    for asked in await outcomes.find("Task"):
        if asked["status"] == "requested":
            await outcomes.put({**asked, **done})


COMES_BACK: list[Any] = [
    pytest.param([item_nine(1), item_nine(0), item_nine(3)], CLOSED, id="self-harm comes back"),
    pytest.param([item_nine(1), item_nine(3)], CLOSED, id="self-harm gets worse"),
    pytest.param([flag(True), flag(False), flag(True)], CLOSED, id="red flag comes back"),
    pytest.param(
        [flag(True), {**flag(True), "status": "entered-in-error"}, flag(True)],
        CLOSED,
        id="taken back, sent again",
    ),
    pytest.param([pain(8), pain(10)], CLOSED, id="pain gets worse"),
    pytest.param([pain(8), pain(10)], TAKEN, id="pain gets worse after somebody took it"),
    pytest.param([pain(2, "fall"), pain(2), pain(2, "fall")], CLOSED, id="fall comes back"),
]
STAYS: list[Any] = [
    pytest.param([item_nine(3), item_nine(3)], id="the same answers"),
    pytest.param([item_nine(3), item_nine(1)], id="self-harm gets milder"),
    pytest.param([flag(True), {**flag(True), "language": "en"}], id="red flag with another language"),
    pytest.param([pain(9), pain(8)], id="pain gets milder"),
    pytest.param([pain(9, "fall"), pain(9, "fall")], id="the same log"),
    pytest.param([flag(True), flag(False)], id="a sign goes"),
]


@pytest.mark.parametrize(("told", "done"), COMES_BACK)
async def test_a_sign_that_comes_back_or_gets_worse_is_told_anew(
    outcomes: Outcomes, told: list[JsonObject], done: JsonObject
) -> None:
    sent = await outcomes.post(told[0])
    await act(outcomes, done)
    for content in told[1:]:
        await amend(outcomes, sent, content)
    first, again = await outcomes.find("Task")
    assert (first["status"], again["status"]) == (done["status"], "requested")
    issue = (await outcomes.find("DetectedIssue"))[1]
    said = (await outcomes.said(SafetyAlertRaised))[1]
    assert (said.task_id, said.detected_issue_id) == (again["id"], issue["id"])
    assert is_ours(issue)
    rows = await outcomes.engine.store.fetch(
        "SELECT xmin::text AS commit FROM resource WHERE id = ANY($1)", [sent["id"], issue["id"], again["id"]]
    )
    assert (len(rows), len({row["commit"] for row in rows})) == (3, 1)


@pytest.mark.parametrize("told", STAYS)
async def test_what_a_human_has_closed_is_not_told_again_because_it_was_sent_again(
    outcomes: Outcomes, told: list[JsonObject]
) -> None:
    sent = await outcomes.post(told[0])
    await act(outcomes, CLOSED)
    for number, content in enumerate(told[1:] * 2):
        await amend(outcomes, sent, {**content, "implicitRules": f"urn:rules:{number}"})
    assert len(await outcomes.find("Task")) == len(await outcomes.said(SafetyAlertRaised)) == 1


@pytest.mark.parametrize(
    "told", [[item_nine(1), item_nine(0), item_nine(3)], [flag(True), flag(False), flag(True)]]
)
async def test_an_alert_that_waits_covers_a_sign_that_comes_back(
    outcomes: Outcomes, told: list[JsonObject]
) -> None:
    sent = await outcomes.post(told[0])
    for content in told[1:]:
        await amend(outcomes, sent, content)
    assert len(await outcomes.find("Task")) == 1


@pytest.mark.parametrize("shown", [item_nine(2), flag(True), pain(9)], ids=["self-harm", "red flag", "pain"])
@pytest.mark.parametrize("closed", [False, True])
async def test_answers_that_turn_out_to_be_another_patients_alert_for_that_one(
    outcomes: Outcomes, shown: JsonObject, closed: bool
) -> None:
    sent = await outcomes.post(shown)
    if closed:
        await act(outcomes, CLOSED)
    first, outcomes.patient = outcomes.patient, identity.new_id()
    await amend(outcomes, sent, shown)
    (issue,), (asked,) = await outcomes.find("DetectedIssue"), await outcomes.find("Task")
    assert issue["patient"] == asked["for"] == {"reference": f"Patient/{outcomes.patient}"}
    assert len(await outcomes.said(SafetyAlertRaised)) == 1
    outcomes.patient = first
    assert len(await outcomes.find("Task")) == 1, "nobody takes an alert back but a human"


async def test_the_same_emergency_sent_many_times_at_once_is_one_alert_and_none_is_refused(
    outcomes: Outcomes,
) -> None:
    sent = {**outcomes.mine(flag(True)), "id": identity.new_id()}
    address = f"QuestionnaireResponse/{sent['id']}"
    body = json.dump(sent)
    headers = {"content-type": "application/fhir+json"}
    answers = await asyncio.gather(
        *(outcomes.client.put(address, content=body, headers=headers) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
    assert len(await outcomes.find("Task")) == len(await outcomes.said(SafetyAlertRaised)) == 1


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("other", [{"language": "en"}, {"subject": {"reference": "Patient/other"}}])
async def test_an_alert_raised_meanwhile_has_the_late_one_planned_again_not_refused(
    outcomes: Outcomes, known: bool, other: JsonObject
) -> None:
    sent = {**outcomes.mine(flag(False)), "id": identity.new_id()}
    if known:
        await outcomes.put(sent, 201)
    shown = {**outcomes.mine(flag(True)), "id": sent["id"]}
    late = UnitOfWork(outcomes.engine, CALLER, now=START + timedelta(minutes=1))
    await late.put({**shown, **other})
    await outcomes.put(shown, 200 if known else 201)
    with pytest.raises(Missed):
        await outcomes.engine.commit(late)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8))
def test_no_thought_of_self_harm_that_is_new_or_worse_is_without_an_alert_that_waits(
    steps: list[tuple[int, bool]],
) -> None:
    known: dict[str, Resource] = {}
    before, had = None, 0
    for version, (value, is_closed) in enumerate(steps, 1):
        after = Resource.of(item_nine(value))
        change = Change(before, after, START, {"known": list(known.values())}, version=version)
        concerned = grave_answer_raises_an_alert.concerns(change)
        verdicts = list(grave_answer_raises_an_alert.judge(change)) if concerned else []
        waited = any(one.content["status"] == "requested" for one in known.values() if one.type == "Task")
        assert bool(verdicts) is (value > had and not waited)
        for made in (Resource.of(one.content) for one in verdicts if isinstance(one, Write)):
            known[made.reference] = made
        if is_closed:
            tasks = [one for one in known.values() if one.type == "Task"]
            known |= {one.reference: Resource.of({**one.content, **CLOSED}) for one in tasks}
        before, had = after, value
