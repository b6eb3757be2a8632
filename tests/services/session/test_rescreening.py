"""Red flags are asked again after a flare, a new symptom, six visits, thirty days: each worked case, and the gate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.red_flags import RescreeningCase, rescreening
from services.session.domain.gate import element, missing
from services.session.domain.messages import alert_message, heard_pain
from services.session.domain.rescreening import Since, due, pain_rise
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ScoreRecorded
from telerehab.resource import Resource
from tests.services.session.clinic import Clinic, acknowledgement, refused
from tests.services.session.clinic import alert as alert_event
from tests.services.session.visits import NOW, confirmed, everything, screening, stored, visit

TEXTS = {one.id: one.text for one in rescreening().occasion}


@pytest.mark.parametrize("case", rescreening().case, ids=lambda case: case.id)
def test_worked_case(case: RescreeningCase) -> None:
    since = None
    if case.visits is not None and case.days is not None:
        alerts = {f"log.{one}" for one in (*case.symptoms, *case.alarms)}
        since = Since(case.visits, Decimal(case.days), Decimal(case.pain_rise), alerts)
    assert tuple(one.id for one in due(since)) == case.due


def pain(value: int, days_ago: float, observation: str = "o1", status: str = "completed") -> Resource:
    at = NOW - timedelta(days=days_ago)
    note = heard_pain(observation, 1, "p1", score=Decimal(value), told=at, heard=at)
    return stored({**note, "status": status})


def raised(code: str, days_ago: float, status: str = "completed") -> Resource:
    sent = NOW - timedelta(days=days_ago)
    message = alert_message(
        f"i-{code}", "t1", "p1", rule_code=code, severity="high", sent=sent, recipients=[], encounter_id=""
    )
    return stored({**message, "status": status})


def held(days_ago: float, encounter: str) -> Resource:
    at = NOW - timedelta(days=days_ago)
    return stored({**visit("finished", encounter=encounter), "period": {"end": at.isoformat()}})


CLEAR = screening(days_ago=10)


@pytest.mark.parametrize(
    ("heard", "visits", "occasions"),
    [
        ([], [], []),
        ([pain(3, 10), pain(6, 1, "o2")], [], ["flare"]),
        ([pain(3, 10), pain(5, 1, "o2")], [], []),
        ([pain(3, 10), pain(7, 5, "o2"), pain(3, 1, "o3")], [], ["flare"]),
        ([pain(3, 9.5), pain(6, 1, "o2")], [], ["flare"]),
        ([pain(3, 8), pain(6, 1, "o2")], [], ["flare"]),
        ([pain(8, 20), pain(3, 11, "o2"), pain(6, 1, "o3")], [], ["flare"]),
        ([pain(3, 10), pain(6, 1, "o2", status="entered-in-error")], [], []),
        ([pain(9, 1)], [], []),
        ([raised("log.pain-spike", 1)], [], ["flare"]),
        ([raised("log.pain-spike", 11)], [], []),
        ([raised("log.pain-spike", 1, "entered-in-error")], [], []),
        ([raised("log.new-numbness-weakness", 1)], [], ["new-symptom"]),
        ([raised("log.fall", 1)], [], []),
        ([raised("phq-9.thoughts-of-self-harm", 1)], [], []),
        ([], [held(day, f"e{day}") for day in range(1, 6)], []),
        ([], [held(day, f"e{day}") for day in range(1, 7)], ["six-visits"]),
        ([], [held(day, f"e{day}") for day in range(4, 13)], ["six-visits"]),
        ([], [held(day, f"e{day}") for day in range(5, 13)], []),
        (
            [raised("log.joint-swelling", 2), raised("log.pain-spike", 2)],
            [held(day, f"e{day}") for day in range(1, 8)],
            ["flare", "new-symptom", "six-visits"],
        ),
    ],
)
def test_a_clear_screening_counts_until_something_asks_for_another(
    heard: list[Resource], visits: list[Resource], occasions: list[str]
) -> None:
    ready = confirmed(*everything())
    lacking = missing(ready, [CLEAR, *heard], visits, NOW)
    assert [one.expression for one in lacking] == ([element("red-flags")] if occasions else [])
    for one in lacking:
        assert [id for id in TEXTS if TEXTS[id] in one.says] == occasions
    fresh = screening(days_ago=0.1, response="q2", kind="knee")
    assert missing(ready, [CLEAR, *heard, fresh], visits, NOW) == [], "another clear one is enough"


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 10)), max_size=8))
def test_the_order_in_which_pain_is_heard_of_is_nothing(told: list[tuple[int, int]]) -> None:
    pains = [(NOW + timedelta(days=day), Decimal(value)) for day, value in told]
    rise = pain_rise(pains, NOW)
    assert pain_rise(pains[::-1], NOW) == rise
    assert rise >= 0
    assert pain_rise([*pains, *pains], NOW) == rise
    assert rise <= max((value for _, value in pains), default=Decimal(0))


# On engines


def score(
    patient: str, value: str, *, days_ago: float = 0, observation: str = "", version: int = 1, **more: str
) -> ScoreRecorded:
    return ScoreRecorded(
        observation_id=observation or new_id(),
        observation_version=version,
        patient_id=patient,
        code=more.get("code", "nprs.pain"),
        value=value,
        effective=timestamp(datetime.now(UTC) - timedelta(days=days_ago)),
        status=more.get("status", "final"),
    )


async def test_pain_that_has_risen_stops_the_visit_until_red_flags_are_asked_again(
    clinic: Clinic, patient: str
) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient, days_ago=5)
    flare = new_id()
    await clinic.hear(score(patient, "7", observation=flare))
    await clinic.hear(score(patient, "3", days_ago=5))
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    await clinic.screened(patient)
    started = await clinic.operate(encounter, "start")
    assert started.status_code == 200, started.text


@pytest.mark.parametrize("order", [1, -1])
async def test_an_amended_score_counts_in_its_last_version_whatever_the_order(
    clinic: Clinic, patient: str, order: int
) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient, days_ago=5)
    await clinic.hear(score(patient, "3", days_ago=5))
    observation = new_id()
    told = [
        score(patient, "8", observation=observation),
        score(patient, "4", observation=observation, version=2, status="amended"),
    ]
    for message in told[::order]:
        await clinic.hear(message, times=2)
    assert (await clinic.operate(encounter, "start")).status_code == 200


async def test_other_scores_and_withdrawn_ones_are_no_pain(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient, days_ago=5)
    await clinic.hear(score(patient, "3", days_ago=5))
    await clinic.hear(score(patient, "20", code="phq-9.total"))
    await clinic.hear(score(patient, ""))
    observation = new_id()
    await clinic.hear(score(patient, "9", observation=observation))
    await clinic.hear(score(patient, "9", observation=observation, version=2, status="entered-in-error"))
    assert (await clinic.operate(encounter, "start")).status_code == 200


async def test_a_new_symptom_asks_for_red_flags_though_a_human_has_the_alert(
    clinic: Clinic, patient: str
) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient, days_ago=1)
    raised = alert_event(patient, f"i-{patient}")
    raised.rule_code = "log.new-numbness-weakness"
    await clinic.hear(raised)
    await clinic.hear(acknowledgement(patient, f"i-{patient}"))
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    await clinic.screened(patient)
    assert (await clinic.operate(encounter, "start")).status_code == 200


async def test_what_was_heard_of_pain_is_valid_and_no_clients_to_write(clinic: Clinic, patient: str) -> None:
    await clinic.hear(score(patient, "3"))
    answer = await clinic.client.get(f"Communication?subject=Patient/{patient}")
    (note,) = (entry["resource"] for entry in answer.json()["entry"])
    assert validate(note) == []
    changed: JsonObject = {**note, "status": "entered-in-error"}
    for attempt in (
        await clinic.client.put(f"Communication/{note['id']}", json=changed),
        await clinic.client.delete(f"Communication/{note['id']}"),
        await clinic.client.post("Communication", json={**note, "status": "completed"}),
    ):
        assert attempt.status_code == 422, attempt.text
