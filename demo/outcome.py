"""What has come of it: follow-up scores, and how they have changed, as charts."""

from __future__ import annotations

from demo import app
from demo.cast import Journey
from demo.chart import drawn
from demo.client import reference_to
from demo.intake import ACTIVITIES, FUNCTION, PAIN, RIGHT_HIP, deadline, due, scores_of, send, tell_score
from demo.reading import require, shown
from demo.series import Series, questionnaire_of, series_of
from demo.svg import picture

FUNCTION_TODAY = {**RIGHT_HIP, **ACTIVITIES, "rating-1": 6, "rating-2": 5, "rating-3": 7}
CHANGE, CHANGE_TODAY = "groc", {"change": "change.somewhat-better"}


def follow_up(journey: Journey) -> None:
    """Function is asked again, of the same activities, and how much has changed in her own judgement."""
    before = {reference_to(task): task for task in due(journey, journey.position)}
    answers = []
    for name, given in ((FUNCTION, FUNCTION_TODAY), (CHANGE, CHANGE_TODAY)):
        answer = reference_to(
            journey.partner.read(reference_to(send(journey, name, given, app.now()).content))
        )
        answers.append(answer)
        for score in scores_of(journey, answer):
            tell_score(journey, score)
    (left,) = due(journey)
    require(len(before) == 2 and reference_to(left) in before, "function should no longer be due, pain still")
    journey.tell.note(f"{left['description']} By {shown(deadline(left))}.")
    journey.shows(*answers)


def draw_the_trend(journey: Journey) -> None:
    """How function and pain have changed: what is more than noise, and what matters to patients, apart."""
    for name, points, matters in ((FUNCTION, 3, True), (PAIN, 2, False)):
        series = trend(journey, name)
        require(len(series.points) == points, f"{name} was answered {points} times")
        require(series.responder is matters, f"the change of {name} should{'' if matters else ' not'} matter")
        journey.tell.figure(drawn(series))
        for told in series.words:
            journey.tell.note(told)
        if journey.pictures is not None:
            journey.pictures.mkdir(parents=True, exist_ok=True)
            place = journey.pictures / f"{name}.svg"
            place.write_text(picture(series), encoding="utf-8")
            journey.tell.link("chart", str(place))
        journey.tell.link("trend", f"{journey.base}/{_trend(journey, name)}")


def trend(journey: Journey, instrument: str) -> Series:
    """The one series of scores that there is of an instrument, with the scale of its questions."""
    found = journey.clinic.ask("GET", _trend(journey, instrument)).content
    (stated,) = found["parameter"]
    url, version = questionnaire_of(stated)
    (questionnaire,) = journey.clinic.search("Questionnaire", ("url", url), ("version", version))
    return series_of(stated, questionnaire)


def _trend(journey: Journey, instrument: str) -> str:
    return f"Observation/$trend?patient={journey.patient}&instrument={instrument}"
