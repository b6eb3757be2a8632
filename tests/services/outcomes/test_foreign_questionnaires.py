"""Responses to Questionnaires that are not ours: judged by the stored ones, taken as they are if none is."""

from __future__ import annotations

import pytest

from services.outcomes.domain.questionnaires import canonical
from telerehab import identity
from telerehab.fhir.json import JsonObject
from tests.services.outcomes.conftest import Outcomes


def asking(url: str, version: str = "1") -> JsonObject:
    question = {"linkId": "a", "type": "integer", "required": True}
    return {
        "resourceType": "Questionnaire",
        "status": "active",
        "url": url,
        "version": version,
        "item": [question],
    }


def answering(canonical_url: str, *items: JsonObject, status: str = "completed") -> JsonObject:
    return {"resourceType": "QuestionnaireResponse", "status": status, "questionnaire": canonical_url,
            "authored": "2026-03-03T09:00:00Z", "item": list(items)}  # fmt: skip


GOOD = {"linkId": "a", "answer": [{"valueInteger": 1}]}
BAD = {"linkId": "a", "answer": [{"valueString": "one"}]}
UNASKED = {"linkId": "b", "answer": [{"valueInteger": 1}]}


async def ask(outcomes: Outcomes, questionnaire: JsonObject) -> JsonObject:
    return await outcomes.send("POST", "Questionnaire", questionnaire, 201)


@pytest.fixture
def url() -> str:
    return f"http://hospital.example.org/Questionnaire/{identity.new_id()},a"


async def test_a_response_to_a_known_questionnaire_must_fit_it(outcomes: Outcomes, url: str) -> None:
    stored = await ask(outcomes, asking(url))
    for named in (url, f"{url}|1", f"Questionnaire/{stored['id']}"):
        await outcomes.post(answering(named, GOOD))
        refused = await outcomes.post(answering(named, BAD, UNASKED), 422)
        told = [issue["expression"][0] for issue in refused["issue"]]
        assert told == [
            "QuestionnaireResponse.item[0].answer[0].value",
            "QuestionnaireResponse.item[1].linkId",
        ]
        await outcomes.post(answering(named, {"linkId": "a"}, status="in-progress"))
    assert len(await outcomes.find("QuestionnaireResponse")) == 6


async def test_a_response_to_an_unknown_questionnaire_or_version_is_taken(
    outcomes: Outcomes, url: str
) -> None:
    await outcomes.post(answering(url, BAD))
    await ask(outcomes, asking(url))
    await outcomes.post(answering(f"{url}|2", BAD))
    await outcomes.post(answering("Questionnaire/nobody-has-it", BAD))


async def test_of_several_versions_the_named_one_counts(outcomes: Outcomes, url: str) -> None:
    await ask(outcomes, asking(url))
    await ask(outcomes, asking(url, "2") | {"item": [{"linkId": "b", "type": "integer"}]})
    await outcomes.post(answering(f"{url}|2", UNASKED))
    await outcomes.post(answering(f"{url}|1", UNASKED), 422)
    await outcomes.post(answering(url, UNASKED))


async def test_a_contained_questionnaire_is_the_one_that_is_answered(outcomes: Outcomes, url: str) -> None:
    contained = {"contained": [{**asking(url), "id": "q"}]}
    await outcomes.post(answering("#q", GOOD) | contained)
    await outcomes.post(answering("#q", BAD) | contained, 422)


async def test_a_response_to_one_of_ours_is_never_kept_out(outcomes: Outcomes) -> None:
    await outcomes.post(answering(canonical("red-flags-hip"), BAD))


async def test_a_response_taken_back_need_not_fit(outcomes: Outcomes, url: str) -> None:
    taken = await outcomes.post(answering(url, BAD))
    await ask(outcomes, asking(url))
    await outcomes.put({**taken, "language": "en"}, 422)
    await outcomes.put({**taken, "status": "entered-in-error"})
