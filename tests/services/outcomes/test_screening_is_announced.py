"""The result of every red-flag screening is said; it is clear only if nothing at all speaks against it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outcomes.domain.red_flags import QUESTIONNAIRE, raised, screening
from services.outcomes.rules.screening_is_announced import screening_is_announced
from telerehab.change import Change, Emit
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import RedFlagScreened
from telerehab.resource import Resource

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
HIP = screening("hip")
assert HIP is not None
NO, YES, UNSURE = {"valueBoolean": False}, {"valueBoolean": True}, {"valueString": "I don't know"}
ALL_NO = dict.fromkeys(HIP, NO)


def response(answers: dict[str, Any], **changed: Any) -> Resource:
    items = [{"linkId": link_id, "answer": [answer]} for link_id, answer in answers.items()]
    content = {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "questionnaire": f"{QUESTIONNAIRE}hip|1.0.0",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "authored": "2026-03-03T08:00:00Z",
        **({"item": items} if items else {}),
        **changed,
    }
    return Resource.of({name: value for name, value in content.items() if value is not None})


def said(after: Resource | None, before: Resource | None = None) -> list[RedFlagScreened]:
    change = Change(before, after, NOW, version=(2 if before else 1))
    if not screening_is_announced.concerns(change):
        return []
    return [
        verdict.message
        for verdict in screening_is_announced.judge(change)
        if isinstance(verdict, Emit) and isinstance(verdict.message, RedFlagScreened)
    ]


def level(after: Resource | None, before: Resource | None = None) -> str:
    (message,) = said(after, before)
    return message.level


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (response(ALL_NO), "clear"),
        (response(ALL_NO, status="amended"), "clear"),
        (response(ALL_NO, status="in-progress"), "incomplete"),
        (response(ALL_NO, status="stopped"), "incomplete"),
        (response(ALL_NO, authored=None), "incomplete"),
        (response(ALL_NO, authored="2026-03-03"), "incomplete"),
        (response({}), "incomplete"),
        (response(ALL_NO, status="entered-in-error"), "withdrawn"),
        (response({**ALL_NO, "cancer-history": YES}), "urgent"),
        (response({**ALL_NO, "cancer-history": UNSURE}), "urgent"),
        (response({**ALL_NO, "cancer-history": {"valueString": "no"}}), "urgent"),
        (response({**ALL_NO, "cancer-history": YES, "hot-joint-fever": YES}), "emergency"),
        (response({"hot-joint-fever": YES}, status="in-progress"), "emergency"),
    ],
)
def test_the_result_is_said(after: Resource, expected: str) -> None:
    assert level(after) == expected


@pytest.mark.parametrize("link_id", sorted(HIP))
def test_one_question_left_out_is_not_clear(link_id: str) -> None:
    answers = {one: NO for one in ALL_NO if one != link_id}
    assert level(response(answers)) == "incomplete"
    assert level(response({**answers, "another": NO})) == "incomplete"


def test_an_answer_given_no_value_is_not_clear() -> None:
    items = [{"linkId": link_id, "answer": [NO]} for link_id in ALL_NO]
    items[0] = {"linkId": items[0]["linkId"]}
    assert level(response({}, item=items)) == "incomplete"


def test_what_is_said_names_answers_patient_and_time() -> None:
    (message,) = said(response(ALL_NO))
    assert (message.questionnaire_response_id, message.questionnaire_response_version) == ("q1", 1)
    assert (message.patient_id, message.screening) == ("p1", "hip")
    assert message.screened.ToDatetime(UTC) == datetime(2026, 3, 3, 8, tzinfo=UTC)


def test_a_time_to_come_is_the_time_of_arrival() -> None:
    (message,) = said(response(ALL_NO, authored="2027-01-01T00:00:00Z"))
    assert message.screened.ToDatetime(UTC) == NOW


@pytest.mark.parametrize("name", ["wrist", "../hip", "hip-draft"])
def test_a_screening_that_nobody_knows_is_never_clear(name: str) -> None:
    questionnaire = f"{QUESTIONNAIRE}{name}|1.0.0"
    expected = {"no": "refer", "yes": "emergency", "nothing": "incomplete"}
    for answers, told in ((ALL_NO, "no"), ({**ALL_NO, "more": YES}, "yes"), ({}, "nothing")):
        (message,) = said(response(answers, questionnaire=questionnaire))
        assert (message.screening, message.level) == (name, expected[told])


@pytest.mark.parametrize(
    ("subject", "patient"),
    [
        ({"reference": "Patient/p1"}, "p1"),
        ({"reference": "Patient/p1/_history/2"}, "p1"),
        ({"reference": "Group/p1"}, ""),
        ({"reference": "Practitioner/p1"}, ""),
        ({"reference": "https://hospital.example/fhir/Patient/p1"}, ""),
        ({"reference": "#p1"}, ""),
        ({"reference": "Patient"}, ""),
        ({"display": "Patient/p1"}, ""),
        ({"type": "Patient", "identifier": {"value": "p1"}}, ""),
        (None, ""),
    ],
)
def test_it_is_of_a_patient_kept_here_or_of_nobody(subject: dict[str, Any] | None, patient: str) -> None:
    (message,) = said(response(ALL_NO, subject=subject))
    assert message.patient_id == patient


def test_what_no_longer_holds_is_said() -> None:
    clear = response(ALL_NO)
    assert level(None, clear) == "withdrawn"
    assert level(response(ALL_NO, questionnaire="http://other.example/Questionnaire/1"), clear) == "withdrawn"
    assert level(response({**ALL_NO, "hot-joint-fever": YES}), clear) == "emergency"


@pytest.mark.parametrize(
    "questionnaire",
    [
        None,
        "http://other.example/Questionnaire/red-flags-hip",
        "https://telerehab.example.org/fhir/Questionnaire/phq-9",
    ],
)
def test_other_answers_are_no_screening(questionnaire: str | None) -> None:
    assert said(response(ALL_NO, questionnaire=questionnaire)) == []


@given(st.dictionaries(st.sampled_from(sorted(HIP)), st.sampled_from([NO, YES, UNSURE])))
def test_clear_means_every_question_answered_no(answers: dict[str, Any]) -> None:
    after = response(answers)
    every_one_no = len(answers) == len(ALL_NO) and all(answer == NO for answer in answers.values())
    assert (level(after) == "clear") is every_one_no
    assert (level(after) in ("emergency", "urgent", "refer")) is bool(raised(after.content))
