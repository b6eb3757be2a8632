"""Scores as they are stored: in the commit of the answers, exact, recomputed with them, withdrawn with them."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.questionnaire import Questionnaire

from clinical.instruments import Case, Instrument, instruments
from clinical.red_flags import screenings
from services.outcomes.domain.codes import LOINC, SCORE
from services.outcomes.domain.questionnaires import questionnaires
from services.outcomes.domain.score_observation import score_observation
from telerehab.fhir import json
from telerehab.fhir.validation import validate
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ScoreRecorded
from tests.services.outcomes.answered import answered, response
from tests.services.outcomes.conftest import START, Outcomes

PHQ_9, PSFS, NPRS = (instruments()[name] for name in ("phq-9", "psfs", "nprs"))
ELEVEN = [1, 2, 1, 3, 0, 1, 2, 0, 1]
CASES = [(one, case) for one in instruments().values() for case in one.case]


async def test_each_instrument_and_screening_is_a_questionnaire_to_be_answered(outcomes: Outcomes) -> None:
    for name in (*instruments(), *(f"red-flags-{region}" for region in screenings())):
        url = next(one["url"] for one in questionnaires() if one["url"].endswith(f"/{name}"))
        found = await outcomes.send("GET", f"Questionnaire?url={url}", None, 200)
        (entry,) = found["entry"]
        assert entry["resource"]["status"] == "draft", "nobody has signed it"


@pytest.mark.parametrize("made", questionnaires(), ids=lambda made: made["id"])
def test_questionnaires_are_valid(made: dict[str, Any]) -> None:
    assert validate(made) == []
    Questionnaire.model_validate_json(json.dump(made))


@pytest.mark.parametrize("name", screenings())
def test_a_screening_says_what_to_tell_at_once_at_each_emergency(name: str) -> None:
    made = next(one for one in questionnaires() if one["url"].endswith(f"/red-flags-{name}"))
    told = {
        item["linkId"]: [one["valueString"] for one in item.get("extension", ())] for item in made["item"]
    }
    stated = {sign.link_id: [sign.tells] if sign.tells else [] for sign in screenings()[name].item}
    assert told == stated
    assert any(told.values())


def test_thoughts_of_self_harm_show_a_crisis_line_at_once() -> None:
    made = next(one for one in questionnaires() if one["url"].endswith("/phq-9"))
    shown = {item["linkId"]: item["extension"] for item in made["item"] if "extension" in item}
    assert list(shown) == ["self-harm"]
    tells, *lines = shown["self-harm"]
    assert "emergency number" in tells["valueString"]
    numbers = {line["extension"][0]["valueCode"]: line["extension"][2]["valueString"] for line in lines}
    assert (numbers["US"], numbers["GB"]) == ("988", "116123")


@pytest.mark.parametrize(("instrument", "case"), CASES, ids=[f"{one.id}: {case.id}" for one, case in CASES])
def test_every_score_is_a_valid_observation(instrument: Instrument, case: Case) -> None:
    made = score_observation(answered(instrument, case.answers), instrument, START)
    assert validate(made) == []
    Observation.model_validate_json(json.dump(made))
    assert ("valueQuantity" in made) is (case.expect.score is not None)
    assert ("dataAbsentReason" in made) is (case.expect.score is None)
    named = [one["coding"][0]["code"] for one in made.get("interpretation", ())]
    expected = [*([case.expect.band] if case.expect.band else []), *case.expect.cutoffs]
    assert named == [f"{instrument.id}.{one}" for one in expected]


async def test_a_submitted_response_has_its_score_in_the_same_commit(outcomes: Outcomes) -> None:
    sent = await outcomes.post(answered(PHQ_9, ELEVEN))
    (score,) = await outcomes.find("Observation")
    assert score["valueQuantity"] == {"value": 11, "system": "http://unitsofmeasure.org", "code": "{score}"}
    assert score["derivedFrom"] == [{"reference": f"QuestionnaireResponse/{sent['id']}"}]
    assert [one["code"] for one in score["code"]["coding"]] == ["44261-6", "phq-9.total"]
    assert score["code"]["coding"][0]["system"] == LOINC
    assert score["method"]["text"] == "phq-9|1.0.0"
    assert score["effectiveDateTime"] == sent["authored"]
    (said,) = await outcomes.said(ScoreRecorded)
    assert (said.code_system, said.code, said.value, said.unit) == (SCORE, "phq-9.total", "11", "{score}")
    assert (said.questionnaire_response_id, said.status) == (sent["id"], "final")
    rows = await outcomes.engine.store.fetch(
        "SELECT xmin::text AS commit FROM resource WHERE id = ANY($1)", [sent["id"], score["id"]]
    )
    assert len({row["commit"] for row in rows}) == 1
    assert len(rows) == 2


async def test_an_unfinished_response_has_none_and_gets_it_when_it_is_sent(outcomes: Outcomes) -> None:
    draft = await outcomes.post(answered(NPRS, [4], status="in-progress"))
    assert await outcomes.find("Observation") == []
    await outcomes.put({**draft, "status": "completed"})
    (score,) = await outcomes.find("Observation")
    assert score["valueQuantity"]["value"] == 4


async def test_an_amended_response_is_scored_anew_and_one_in_error_loses_its_score(
    outcomes: Outcomes,
) -> None:
    sent = await outcomes.post(answered(NPRS, [4]))
    await outcomes.put(outcomes.mine({**answered(NPRS, [6], status="amended"), "id": sent["id"]}))
    (score,) = await outcomes.find("Observation")
    assert (score["valueQuantity"]["value"], score["status"]) == (6, "amended")
    await outcomes.put(outcomes.mine({**answered(NPRS, [6], status="entered-in-error"), "id": sent["id"]}))
    (withdrawn,) = await outcomes.find("Observation")
    assert (withdrawn["id"], withdrawn["status"]) == (score["id"], "entered-in-error")
    said = [(one.observation_version, one.value, one.status) for one in await outcomes.said(ScoreRecorded)]
    assert said == [(1, "4", "final"), (2, "6", "amended"), (3, "6", "entered-in-error")]


async def test_a_deleted_response_loses_its_score(outcomes: Outcomes) -> None:
    sent = await outcomes.post(answered(NPRS, [4]))
    await outcomes.send("DELETE", f"QuestionnaireResponse/{sent['id']}", None, 204)
    (withdrawn,) = await outcomes.find("Observation")
    assert withdrawn["status"] == "entered-in-error"


async def test_a_score_that_cannot_be_is_absent_with_its_reason(outcomes: Outcomes) -> None:
    await outcomes.post(answered(NPRS, [None]))
    (score,) = await outcomes.find("Observation")
    assert "valueQuantity" not in score
    assert score["dataAbsentReason"]["coding"][0]["code"] == "asked-unknown"
    (said,) = await outcomes.said(ScoreRecorded)
    assert (said.value, said.absent_reason) == ("", "asked-unknown")


async def test_answers_to_another_major_version_are_not_scored(outcomes: Outcomes) -> None:
    await outcomes.post(answered(NPRS, [4], version="2.0.0"))
    (score,) = await outcomes.find("Observation")
    assert score["dataAbsentReason"]["coding"][0]["code"] == "unsupported"


async def test_a_decimal_score_stays_exact_in_the_store(outcomes: Outcomes) -> None:
    await outcomes.post(answered(PSFS, [3, 3, 4, None, None]))
    (score,) = await outcomes.find("Observation")
    assert json.dump(score["valueQuantity"]["value"]) == b"3.3333"


async def test_a_score_is_never_edited_or_deleted_by_hand(outcomes: Outcomes) -> None:
    sent = await outcomes.post(answered(NPRS, [4]))
    (score,) = await outcomes.find("Observation")
    for changed in (
        {"valueQuantity": {**score["valueQuantity"], "value": 2}},
        {"status": "entered-in-error"},
    ):
        await outcomes.put({**score, **changed}, status=422)
    await outcomes.send("DELETE", f"Observation/{score['id']}", None, 422)
    await outcomes.put({**score, "note": [{"text": "Measured after a long walk."}]})
    await outcomes.send("DELETE", f"QuestionnaireResponse/{sent['id']}", None, 204)
    await outcomes.send("DELETE", f"Observation/{score['id']}", None, 204)


async def test_a_hospitals_own_response_is_stored_and_nothing_more(outcomes: Outcomes) -> None:
    await outcomes.post(
        {**response("phq-9"), "questionnaire": "https://hospital.example/Questionnaire/phq-9"}
    )
    assert await outcomes.find("Observation") == []
    assert await outcomes.said() == []
