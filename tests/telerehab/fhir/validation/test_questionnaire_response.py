"""A response beside its Questionnaire: each way not to fit it, and exactly what is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from telerehab.fhir.json import JsonObject, Number
from telerehab.fhir.validation import validate
from telerehab.fhir.validation.enabling import is_enabled
from telerehab.fhir.validation.questionnaire_response import response_faults

YES = {"system": "http://example.org/s", "code": "yes"}
NO = {"system": "http://example.org/s", "code": "no"}
QUESTIONNAIRE: JsonObject = {
    "resourceType": "Questionnaire", "status": "active", "url": "http://example.org/q",
    "contained": [{"resourceType": "ValueSet", "id": "colours", "status": "active", "compose": {
        "include": [{"system": "http://example.org/c", "concept": [{"code": "red"}, {"code": "blue"}]}]}}],
    "item": [
        {"linkId": "intro", "type": "display", "text": "Welcome"},
        {"linkId": "pain", "type": "integer", "required": True},
        {"linkId": "why", "type": "string", "maxLength": 10, "required": True,
         "enableWhen": [{"question": "pain", "operator": ">", "answerInteger": 5}]},
        {"linkId": "falls", "type": "choice", "answerOption": [{"valueCoding": YES}, {"valueCoding": NO}],
         "item": [{"linkId": "when", "type": "date", "repeats": True}]},
        {"linkId": "colour", "type": "choice", "answerValueSet": "#colours"},
        {"linkId": "other", "type": "open-choice", "answerOption": [{"valueCoding": YES}]},
        {"linkId": "drug", "type": "group", "repeats": True, "item": [
            {"linkId": "name", "type": "string", "required": True},
            {"linkId": "dose", "type": "quantity"}]},
        {"linkId": "home", "type": "group", "item": [{"linkId": "stairs", "type": "boolean"}]},
        {"linkId": "count", "type": "choice", "answerOption": [{"valueInteger": 1}, {"valueInteger": 2}]},
    ],
}  # fmt: skip


def item(link_id: str, *answers: Any, **more: Any) -> JsonObject:
    return {"linkId": link_id, **({"answer": list(answers)} if answers else {}), **more}


def integer(value: int) -> JsonObject:
    return {"valueInteger": value}


def string(value: str) -> JsonObject:
    return {"valueString": value}


def response(*items: JsonObject, status: str = "completed") -> JsonObject:
    return {"resourceType": "QuestionnaireResponse", "status": status, "questionnaire": "http://example.org/q",
            "item": list(items)}  # fmt: skip


PAIN = item("pain", integer(3))
R = "QuestionnaireResponse"
CASES: list[tuple[list[JsonObject], list[tuple[str, str]]]] = [
    ([PAIN], []),
    ([item("intro"), PAIN], []),
    ([item("pain", integer(6)), item("why", string("fell"))], []),
    ([PAIN, item("falls", {"valueCoding": {**YES, "display": "Yes"},
                           "item": [item("when", {"valueDate": "2024"}, {"valueDate": "2025-01"})]})], []),
    ([PAIN, item("other", {"valueCoding": YES})], []),
    ([PAIN, item("other", string("perhaps"))], []),
    ([PAIN, item("colour", {"valueCoding": {"system": "http://example.org/c", "code": "red"}})], []),
    ([PAIN, item("count", integer(2))], []),
    ([PAIN, *[item("drug", item=[item("name", string(name))]) for name in "ab"]], []),
    # what is not asked, or not there
    ([PAIN, item("nonsense", integer(1))], [("structure", f"{R}.item[1].linkId")]),
    ([PAIN, item("stairs", {"valueBoolean": True})], [("structure", f"{R}.item[1].linkId")]),
    ([], [("required", f"{R}.item")]),
    ([item("pain")], [("required", f"{R}.item")]),
    ([item("pain", integer(6))], [("required", f"{R}.item")]),
    ([PAIN, item("why", string("fell"))], [("business-rule", f"{R}.item[1]")]),
    ([PAIN, item("drug", item=[item("dose", {"valueQuantity": {"value": Number("1.5")}})])],
     [("required", f"{R}.item[1].item")]),
    # how often
    ([PAIN, PAIN], [("structure", f"{R}.item[0]"), ("structure", f"{R}.item[1]")]),
    ([item("pain", integer(1), integer(2))], [("structure", f"{R}.item[0].answer")]),
    ([PAIN, *[item("home", item=[item("stairs", {"valueBoolean": True})])] * 2],
     [("structure", f"{R}.item[1]"), ("structure", f"{R}.item[2]")]),
    # where
    ([PAIN, item("home", {"valueBoolean": True})], [("structure", f"{R}.item[1].answer")]),
    ([PAIN, item("intro", string("thanks"))], [("structure", f"{R}.item[1].answer")]),
    ([PAIN, item("falls", item=[item("when", {"valueDate": "2024"})])], [("structure", f"{R}.item[1].item")]),
    # what
    ([item("pain", string("much"))], [("structure", f"{R}.item[0].answer[0].value")]),
    ([item("pain", {"valueDecimal": Number("3.5")})], [("structure", f"{R}.item[0].answer[0].value")]),
    ([PAIN, item("falls", string("yes"))], [("structure", f"{R}.item[1].answer[0].value")]),
    ([PAIN, item("falls", {"valueCoding": {"system": "http://example.org/t", "code": "yes"}})],
     [("code-invalid", f"{R}.item[1].answer[0].value")]),
    ([PAIN, item("other", {"valueCoding": NO})], [("code-invalid", f"{R}.item[1].answer[0].value")]),
    ([PAIN, item("colour", {"valueCoding": {"system": "http://example.org/c", "code": "green"}})],
     [("code-invalid", f"{R}.item[1].answer[0].value")]),
    ([PAIN, item("count", integer(3))], [("code-invalid", f"{R}.item[1].answer[0].value")]),
    ([item("pain", integer(6)), item("why", string("a long story"))],
     [("too-long", f"{R}.item[1].answer[0].value")]),
    ([PAIN, item("falls", {"valueCoding": YES, "item": [item("when", {"valueDate": "2024"}), item("x")]})],
     [("structure", f"{R}.item[1].answer[0].item[1].linkId")]),
    # everything at once
    ([item("nonsense"), item("falls", string("yes"))],
     [("structure", f"{R}.item[0].linkId"), ("structure", f"{R}.item[1].answer[0].value"), ("required", f"{R}.item")]),
]  # fmt: skip


def faults(*items: JsonObject, status: str = "completed") -> list[tuple[str, str | None]]:
    told = response_faults(response(*items, status=status), QUESTIONNAIRE)
    return [(issue.code, issue.expression) for issue in told]


@pytest.mark.parametrize(("items", "expected"), CASES)
def test_a_response_fits_or_is_told_why_not(
    items: list[JsonObject], expected: list[tuple[str, str | None]]
) -> None:
    assert faults(*items) == expected


def test_the_cases_are_valid_by_themselves() -> None:
    assert validate(QUESTIONNAIRE) == []
    for items, _ in CASES:
        assert validate(response(*items) if items else response(PAIN)) == []


@pytest.mark.parametrize("status", ["in-progress", "stopped"])
def test_only_what_is_finished_lacks_anything(status: str) -> None:
    assert faults(status=status) == []
    assert faults(PAIN, item("why", string("fell")), status=status) == []
    assert faults(item("x"), status=status) == [("structure", f"{R}.item[0].linkId")]


def test_what_a_value_set_elsewhere_lists_is_not_judged() -> None:
    asked = copy.deepcopy(QUESTIONNAIRE)
    asked["item"][4]["answerValueSet"] = "http://example.org/colours"
    answer = {"valueCoding": {"system": "http://example.org/c", "code": "green"}}
    assert response_faults(response(PAIN, item("colour", answer)), asked) == []


def when(operator: str, **answer: Any) -> JsonObject:
    return {"question": "a", "operator": operator, **answer}


@pytest.mark.parametrize(
    ("conditions", "behaviour", "given", "enabled"),
    [
        ([], None, [], True),
        ([when("exists", answerBoolean=True)], None, [], False),
        ([when("exists", answerBoolean=False)], None, [], True),
        ([when("exists", answerBoolean=True)], None, [integer(1)], True),
        ([when("=", answerInteger=1)], None, [integer(1)], True),
        ([when("=", answerInteger=1)], None, [integer(2)], False),
        ([when("=", answerInteger=1)], None, [], False),
        ([when("=", answerCoding=YES)], None, [{"valueCoding": {**YES, "display": "Yes"}}], True),
        ([when("!=", answerInteger=1)], None, [integer(2)], True),
        ([when("!=", answerInteger=1)], None, [integer(1)], False),
        ([when(">", answerInteger=1)], None, [integer(2)], True),
        ([when("<=", answerInteger=1)], None, [integer(2)], False),
        ([when("<", answerDate="2024-02")], None, [{"valueDate": "2023-12"}], True),
        (
            [when(">=", answerQuantity={"value": 1, "code": "kg"})],
            None,
            [{"valueQuantity": {"value": 1500, "code": "g"}}],
            True,
        ),
        ([when(">", answerInteger=1)], None, [string("x")], False),
        ([when("=", answerInteger=1), when("=", answerInteger=2)], "any", [integer(2)], True),
        ([when("=", answerInteger=1), when("=", answerInteger=2)], "all", [integer(2)], False),
        ([when("=")], None, [integer(1)], None),
        ([when("="), when("=", answerInteger=1)], "any", [integer(1)], True),
    ],
)
def test_a_question_is_asked_when_its_conditions_hold(
    conditions: list[JsonObject], behaviour: str | None, given: list[JsonObject], enabled: bool | None
) -> None:
    question = {"linkId": "b", "type": "string", "enableWhen": conditions, "enableBehavior": behaviour}
    assert is_enabled(question, {"a": given}) is enabled
