"""Every worked case of every instrument, and what no case can show: a score never comes from an invalid response."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.instruments import Case, Instrument, instruments
from services.outcomes.domain.answers import answers
from services.outcomes.domain.codes import ANSWER
from services.outcomes.domain.questionnaires import of_instrument
from services.outcomes.domain.scoring import can_score, score
from tests.services.outcomes.answered import answer, answered, response

CASES = [(one, case) for one in instruments().values() for case in one.case]


@pytest.mark.parametrize(("instrument", "case"), CASES, ids=[f"{one.id}: {case.id}" for one, case in CASES])
def test_worked_case(instrument: Instrument, case: Case) -> None:
    scored = score(instrument, answers(answered(instrument, case.answers)))
    assert scored.value == case.expect.score
    assert scored.absent == case.expect.absent
    assert (scored.band.id if scored.band else None) == case.expect.band
    assert tuple(one.id for one in scored.cutoffs) == case.expect.cutoffs


@st.composite
def answer_sets(draw: st.DrawFn) -> tuple[Instrument, list[dict[str, Any]]]:
    """An instrument with answers of all sorts: valid, blank, of another type, outside the scale, given twice."""
    instrument = draw(st.sampled_from(list(instruments().values())))
    items: list[dict[str, Any]] = []
    for item in instrument.scored():
        stated = st.booleans() if item.type == "boolean" else st.integers(-8, 12)
        valid = stated.map(partial(answer, instrument, item))
        odd = st.sampled_from(
            [
                {"valueString": "3"},
                {"valueBoolean": True},
                {"valueInteger": 99},
                {"valueCoding": {"system": "urn:other", "code": "frequency.not-at-all"}},
                {"valueCoding": {"system": ANSWER}},
            ]
        )
        said = draw(st.lists(st.one_of(valid, odd), max_size=2))
        if said:
            items.append({"linkId": item.link_id, "answer": said})
    return instrument, items


def is_valid(instrument: Instrument, items: list[dict[str, Any]]) -> bool:
    """Judged from the other side: from the Questionnaire that is given to apps."""
    asked = {item["linkId"]: item for item in of_instrument(instrument)["item"]}
    for item in items:
        question = asked[item["linkId"]]
        if len(item["answer"]) != 1:
            return False
        (said,) = item["answer"]
        if question["type"] == "choice":
            options = [
                (one["valueCoding"]["system"], one["valueCoding"]["code"]) for one in question["answerOption"]
            ]
            coding = said.get("valueCoding", {})
            if (coding.get("system"), coding.get("code")) not in options:
                return False
        elif question["type"] == "boolean":
            if "valueBoolean" not in said:
                return False
        else:
            low, high = (extension["valueInteger"] for extension in question["extension"])
            if not low <= said.get("valueInteger", -99) <= high:
                return False
    return True


@given(answer_sets())
def test_a_score_never_comes_from_an_invalid_response(drawn: tuple[Instrument, list[dict[str, Any]]]) -> None:
    instrument, items = drawn
    scored = score(instrument, answers(response(instrument.id, items)))
    assert (scored.value is None) is not (scored.absent is None)
    if not is_valid(instrument, items):
        assert (scored.value, scored.absent, scored.band) == (None, "error", None)
    elif len(items) < instrument.missing.minimum_answered:
        assert scored.value is None
    if scored.value is not None:
        assert instrument.score.min <= scored.value <= instrument.score.max


def test_answers_are_found_wherever_an_app_nests_them() -> None:
    nested = {
        "linkId": "group",
        "item": [
            {"linkId": "average-pain", "answer": [{"valueInteger": 4, "item": [{"linkId": "why"}]}]},
        ],
    }
    assert score(instruments()["nprs"], answers(response("nprs", [nested]))).value == 4


@pytest.mark.parametrize(
    ("version", "can"),
    [
        ("", True),
        ("1.0.0", True),
        ("1.0.7", True),
        ("1.1.0", False),
        ("2.0.0", False),
        ("1", False),
        ("x", False),
    ],
)
def test_answers_to_another_version_are_not_scored_as_if_they_were_to_this(version: str, can: bool) -> None:
    assert can_score(instruments()["phq-9"], version) is can
