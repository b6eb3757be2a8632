"""The intake: questionnaires become due with the booking, the patient's app answers them, each is scored at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from demo import app
from demo.cast import Journey
from demo.client import Answer, reference_to
from demo.reading import messages, require, shown, value_in_words
from telerehab import canonical
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment

DUE = f"{canonical.BASE}/CodeSystem/task|complete-questionnaire"
SCREENING = "red-flags-hip"
RIGHT_HIP = {"region": "hip", "side": "right"}
ACTIVITIES = {"activity-1": "climbing stairs", "activity-2": "putting on socks", "activity-3": "a long walk"}
PAIN, FUNCTION, MOOD = "nprs", "psfs", "phq-2"
WHEN_REFERRED: Mapping[str, Mapping[str, Any]] = {
    SCREENING: {},
    PAIN: {**RIGHT_HIP, "average-pain": 7},
    FUNCTION: {**RIGHT_HIP, **ACTIVITIES, "rating-1": 3, "rating-2": 2, "rating-3": 4},
    MOOD: {"little-interest": "frequency.several-days", "feeling-down": "frequency.not-at-all"},
}
"""What she answered on the first day of the story, by questionnaire."""
PAIN_TODAY = {**RIGHT_HIP, "average-pain": 6}


def see_what_is_due(journey: Journey) -> None:
    """With the booking, questionnaires are due before the visit: red flags, pain, function and mood."""
    tasks = due(journey, journey.position)
    require(len(tasks) == len(WHEN_REFERRED), f"four questionnaires should be due, not {len(tasks)}")
    for task in tasks:
        journey.tell.note(f"{task['description']} By {shown(deadline(task))}.")
    journey.shows(*map(reference_to, tasks))


def answer_the_intake(journey: Journey) -> None:
    """The patient app sends what she answered when she was referred; each answer is scored in its commit."""
    made = [
        _answer(journey, name, given, app.at(journey.today, 1, 18)) for name, given in WHEN_REFERRED.items()
    ]
    (left,) = due(journey)
    require(left["focus"]["reference"].startswith(f"Questionnaire/{PAIN}-"), "only pain should be due still")
    journey.tell.note("Pain of two weeks ago is too old for this visit: it is asked again.")
    journey.shows(*made)


def see_it_heard(journey: Journey) -> None:
    """That the screening is clear has been heard where visits are held."""
    (heard,) = messages(journey, canonical.HEARD_SCREENING)
    require(heard["reasonCode"][0]["coding"][0]["code"] == "clear", "the screening should be clear")
    journey.shows(reference_to(heard))


def answer_today(journey: Journey) -> None:
    """She answers how much it hurts these days; nothing is due any more."""
    journey.shows(_answer(journey, PAIN, PAIN_TODAY, app.now()))
    require(due(journey) == [], "nothing should be due any more")


def send(journey: Journey, name: str, given: Mapping[str, Any], authored: str) -> Answer:
    """Read the questionnaire, as an app does that shows it, and answer it."""
    query = urlencode({"url": f"{canonical.BASE}/Questionnaire/{name}"})
    (questionnaire,) = journey.partner.pages(f"Questionnaire?{query}")
    content = app.response(questionnaire, journey.patient, authored, given)
    answered = journey.partner.ask("POST", "QuestionnaireResponse", content, expect=201)
    journey.goes_on_with(answered)
    return answered


def scores_of(journey: Journey, answer: str) -> list[JsonObject]:
    """The scores that were computed from an answer."""
    return journey.partner.search("Observation", ("derived-from", answer))


def tell_score(journey: Journey, score: JsonObject) -> None:
    """A line: what was scored, and what it comes to."""
    journey.tell.note(f"{score['code']['text']}: {value_in_words(score)}")


def due(journey: Journey, position: str = "") -> list[JsonObject]:
    """The questionnaires that this patient still has to answer."""
    criteria = (("patient", journey.patient), ("code", DUE), ("status", "requested"))
    return journey.partner.search("Task", *criteria, position=position)


def deadline(task: JsonObject) -> datetime | None:
    """By when a Task is to be done."""
    return moment(task["restriction"]["period"]["end"])


def _answer(journey: Journey, name: str, given: Mapping[str, Any], authored: str) -> str:
    """Send it; the Task that asked for it is done, and its score, where it has one, tells what it was made from."""
    before = due(journey)
    answer = reference_to(send(journey, name, given, authored).content)
    journey.partner.read(answer)
    done = [task for task in before if reference_to(task) not in set(map(reference_to, due(journey)))]
    for task in done:
        output = values_at(journey.partner.read(reference_to(task)), "output.valueReference.reference")
        require(list(output) == [answer], "the task should name what answered it")
    for score in scores_of(journey, answer):
        tell_score(journey, score)
    if name == SCREENING:
        journey.tell.note("Red flags of the hip: every question is answered with a plain no.")
    return answer
