"""A danger sign in a screening is never swallowed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.red_flags import NotUnderstoodCase, not_understood
from services.outcomes.domain.red_flags import QUESTIONNAIRE, is_complete, raised, screening
from services.outcomes.rules.red_flag_raises_an_alert import red_flag_raises_an_alert
from telerehab.change import Change, Emit, Write
from telerehab.fhir.validation import validate
from telerehab.resource import Resource

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
HIP = screening("hip")
assert HIP is not None
YES, NO = {"valueBoolean": True}, {"valueBoolean": False}


def response(answers: dict[str, Any], status: str = "completed", name: str = "hip") -> Resource:
    items = [{"linkId": link_id, "answer": [answer]} for link_id, answer in answers.items()]
    content: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "questionnaire": f"{QUESTIONNAIRE}{name}|1.0.0",
        "status": status,
        "subject": {"reference": "Patient/p1"},
    }
    return Resource.of({**content, "item": items} if items else content)


def judge(after: Resource, known: list[Resource] | None = None) -> list[Any]:
    found = {"known": known or []}
    return list(red_flag_raises_an_alert.judge(Change(None, after, NOW, found, version=2 if known else 1)))


@pytest.mark.parametrize("link_id", sorted(HIP))
@pytest.mark.parametrize("status", ["completed", "in-progress", "amended", "stopped"])
def test_each_sign_makes_issue_task_and_alert(link_id: str, status: str) -> None:
    issue, task, alert = judge(response({link_id: {"valueBoolean": True}}, status))
    assert isinstance(issue, Write)
    assert isinstance(task, Write)
    assert isinstance(alert, Emit)
    assert validate(issue.content) == []
    assert validate(task.content) == []
    assert task.content["focus"] == {"reference": f"DetectedIssue/{issue.content['id']}"}
    message: Any = alert.message
    assert message.task_id == task.content["id"]
    assert message.rule_code == f"hip.{link_id}"
    assert message.patient_id == "p1"


def test_the_gravest_sign_sets_the_deadline() -> None:
    _, task, alert = judge(
        response({"cancer-history": {"valueBoolean": True}, "hot-joint-fever": {"valueBoolean": True}})
    )
    assert task.content["restriction"]["period"]["end"] == "2026-03-03T09:15:00Z"
    assert alert.message.rule_code == "hip.hot-joint-fever"


def test_an_answer_that_is_neither_yes_nor_no_alerts_a_human() -> None:
    assert len(judge(response({"hot-joint-fever": {"valueString": "I don't know"}}))) == 3


def test_a_yes_to_a_question_of_another_version_alerts_a_human_at_the_gravest_level() -> None:
    _, task, alert = judge(response({"something-else": {"valueBoolean": True}}))
    assert alert.message.rule_code == "hip.unknown-question"
    assert task.content["priority"] == "stat"


@pytest.mark.parametrize(
    "after",
    [
        response({link_id: {"valueBoolean": False} for link_id in HIP}),
        response({}),
        response({"hot-joint-fever": {"valueBoolean": True}}, "entered-in-error"),
        response({}, name="wrist"),
        response({"hot-joint-fever": {"valueBoolean": True}}, "entered-in-error", name="wrist"),
        response({"something-else": {"valueBoolean": False}}),
    ],
)
def test_without_a_sign_there_is_no_alert(after: Resource) -> None:
    assert judge(after) == []


def test_an_alert_that_stands_is_not_raised_again() -> None:
    shown = response({"hot-joint-fever": {"valueBoolean": True}})
    issue = Resource.of(judge(shown)[0].content)
    assert judge(shown, [issue]) == []
    more = response({"hot-joint-fever": {"valueBoolean": True}, "cancer-history": {"valueBoolean": True}})
    assert len(judge(more, [issue])) == 3, "a further sign is a further alert"


@given(st.dictionaries(st.sampled_from(sorted(HIP)), st.booleans()))
def test_every_yes_is_raised_and_nothing_else(answers: dict[str, bool]) -> None:
    flags = raised(response({link_id: {"valueBoolean": yes} for link_id, yes in answers.items()}).content)
    assert {flag.code for flag in flags} == {f"hip.{link_id}" for link_id, yes in answers.items() if yes}


def test_a_screening_named_by_a_relative_reference_alerts_as_well() -> None:
    shown = response({"hot-joint-fever": {"valueBoolean": True}})
    relative = Resource.of({**shown.content, "questionnaire": "Questionnaire/red-flags-hip"})
    assert [flag.code for flag in raised(relative.content)] == ["hip.hot-joint-fever"]


@pytest.mark.parametrize("case", not_understood().case, ids=lambda case: case.id)
@pytest.mark.parametrize("name", ["wrist", "../hip", "hips", "hip-draft"])
def test_answers_to_a_screening_that_nobody_knows_bring_a_human(name: str, case: NotUnderstoodCase) -> None:
    said = [YES] * case.yes + [{"valueString": "perhaps"}] * case.unsure + [NO] * case.no
    answers = {f"question-{number}": answer for number, answer in enumerate(said)}
    verdicts = judge(response(answers, "in-progress", name))
    assert len(verdicts) == (3 if case.level else 0)
    if case.level:
        issue, task, alert = verdicts
        assert issue.content["detail"].startswith(f"{case.level}: ")
        assert task.content["reasonCode"]["coding"][0]["code"] == case.level
        assert alert.message.rule_code.startswith(f"{name}.not-understood")
        assert validate(issue.content) == validate(task.content) == []
    assert not is_complete(response(answers, name=name).content)


@pytest.mark.parametrize(
    "questionnaire",
    [
        "Questionnaire/red-flags-hip-1.0.0",
        f"{QUESTIONNAIRE}hip-1.0.0",
        "http://localhost:8080/fhir/R4/Questionnaire/red-flags-hip-1.0.0",
        "https://clinic.example/fhir/R4/Questionnaire/red-flags-hip-1.0.0|1.0.0",
        f"{QUESTIONNAIRE}HIP|1.0.0",
        f"{QUESTIONNAIRE}hip/",
        "Questionnaire/red_flags_hip",
        "Questionnaire/RedFlags-Hip-1.0.0",
        "questionnaire/redflags hip/|1.0.0",
        f"{QUESTIONNAIRE.removesuffix('red-flags-')}Red-Flags-Hip",
    ],
)
def test_a_screening_is_known_by_the_id_it_is_stored_under_too(questionnaire: str) -> None:
    shown = {**response({"hot-joint-fever": YES}).content, "questionnaire": questionnaire}
    assert [flag.code for flag in raised(shown)] == ["hip.hot-joint-fever"]


@pytest.mark.parametrize(
    "questionnaire",
    [
        "https://hospital.example/fhir/Questionnaire/red-flags-hip",
        "https://hospital.example/fhir/Questionnaire/flags-hip-1.0.0",
        "https://hospital.example/red-flags-hip-1.0.0",
        "urn:uuid:red-flags-hip-1.0.0",
    ],
)
def test_a_hospitals_own_questionnaire_is_its_own(questionnaire: str) -> None:
    assert raised({**response({"hot-joint-fever": YES}).content, "questionnaire": questionnaire}) == []


@pytest.mark.parametrize("name", ["redflags-wrist", "red.flags.wrist", "Red Flag wrist", "red_flags"])
def test_a_name_like_that_of_a_screening_brings_a_human(name: str) -> None:
    shown = {**response({"swollen": YES}).content, "questionnaire": f"Questionnaire/{name}"}
    (flag,) = raised(shown)
    assert flag.code.endswith(".not-understood")


def test_a_screening_without_a_region_is_not_understood() -> None:
    base = QUESTIONNAIRE.removesuffix("-")
    shown = {**response({"hot-joint-fever": YES}).content, "questionnaire": base}
    assert [flag.code for flag in raised(shown)] == ["unknown.not-understood"]
