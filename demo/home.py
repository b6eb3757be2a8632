"""Two weeks at home: exercise logs that come late, doubled and out of order, and the doses that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from demo import app
from demo.alerts import alert_of
from demo.cast import Journey
from demo.client import reference_to
from demo.intake import ACTIVITIES, FUNCTION, RIGHT_HIP, scores_of, send, tell_score
from demo.programme import accept, proposals, tell_proposal, title
from demo.reading import require
from telerehab.fhir.json import JsonObject

LATE = (3, 8)
"""Days whose logs the phone sends only when it is on line again: too many for a dose to rise without them."""
DOUBLED = (1, 12)
FIRST_WEEK = {
    "done": 100,
    "pain-before": 2,
    "pain-max": 3,
    "pain-after": 2,
    "pain-next-morning": 2,
    "effort": 6,
}
SECOND_WEEK = {
    "done": 100,
    "pain-before": 1,
    "pain-max": 2,
    "pain-after": 1,
    "pain-next-morning": 1,
    "effort": 5,
}
LAST_EVENING, TODAY = (
    {"pain-max": 6},
    {"done": 100, "pain-before": 3, "pain-max": 7, "pain-after": 7, "effort": 8},
)
HALFWAY = 7
FUNCTION_HALFWAY = {**RIGHT_HIP, **ACTIVITIES, "rating-1": 4, "rating-2": 3, "rating-3": 5}

Sent = tuple[JsonObject, int]
"""A log, and the day of the story that it is about."""


def log_two_weeks(journey: Journey) -> None:
    """Two weeks of logs arrive, the newest first and some days missing: no dose rises on what is not known."""
    sent = [log for log in _logs(journey) if log[1] not in LATE]
    made = _send(journey, sorted(sent, key=lambda log: -log[1]))
    scored = send(journey, FUNCTION, FUNCTION_HALFWAY, app.at(journey.today, HALFWAY, 18))
    answer = reference_to(journey.partner.read(reference_to(scored.content)))
    for score in scores_of(journey, answer):
        tell_score(journey, score)
    journey.tell.note(f"{len(made)} logs of {len(journey.exercises)} exercises.")
    journey.tell.figure(_calendar(journey, sent))
    journey.shows(made[0], answer)


def see_nothing_proposed(journey: Journey) -> None:
    """Two of the last six bouts are not known: nothing is proposed."""
    require(proposals(journey) == [], "nothing should be proposed while logs are missing")


def send_what_was_missing(journey: Journey) -> None:
    """The missing days come late, and some logs a second time: each counts once, for the day it was done."""
    logs = list(_logs(journey))
    made = _send(journey, [log for log in logs if log[1] in LATE])
    doubled = [log for log in logs if log[1] in DOUBLED]
    again = {reference_to(_sent(journey, log, expect=200)) for log, _ in doubled}
    require(len(again) == len(doubled), "a log that came again should be the one that is there")
    known = journey.partner.search("Observation", ("based-on", journey.bridge))
    require(len(known) == len([one for one in logs if _is_of(one, journey.bridge)]), "a log counts twice")
    journey.tell.note(f"{len(made)} late, {len(doubled)} a second time: answered with those that are there.")
    journey.tell.figure(_calendar(journey, logs))
    journey.shows(*made[:1])


def take_the_step(journey: Journey) -> None:
    """Now one dose may rise, by one step, that of the exercise whose form was seen; she accepts it."""
    (proposal,) = proposals(journey)
    require(proposal["reasonCode"][0]["coding"][0]["code"] == "ready", "the dose should be ready to rise")
    tell_proposal(journey, proposal)
    accept(journey, proposal)


def suffer_a_pain_spike(journey: Journey) -> None:
    """Pain rises, last evening and with today's bridge: the log that shows it raises an alert in its commit."""
    name = f"{journey.patient}-evening"
    evening = app.pain_log(journey.patient, app.at(journey.today, app.DAYS - 1, 20), LAST_EVENING, name)
    _sent(journey, evening)
    request = next(one for one in journey.exercises if reference_to(one) == journey.bridge)
    bout = app.exercise_log(request, journey.care_plan, app.now(), TODAY, f"{request['id']}-{app.DAYS}")
    answered = journey.partner.ask("POST", "Observation", bout, expect=201)
    journey.goes_on_with(answered)
    issue, _ = alert_of(journey, reference_to(answered.content))
    require(issue["code"]["coding"][0]["code"] == "log.pain-spike", "a pain spike should be what was found")


def take_the_step_back(journey: Journey) -> None:
    """The same log proposes less, and waits for nobody's alert; she accepts that too."""
    (proposal,) = proposals(journey)
    require(proposal["reasonCode"][0]["coding"][0]["code"] == "red", "the dose should be ready to fall")
    tell_proposal(journey, proposal)
    accept(journey, proposal)


def _logs(journey: Journey) -> Iterable[Sent]:
    """A log of every exercise on every day it was due, as the programme says."""
    for request in journey.exercises:
        for day in app.days_due(request, journey.today):
            told: Mapping[str, int] = FIRST_WEEK if day <= HALFWAY else SECOND_WEEK
            done = app.at(journey.today, day, 8)
            yield (
                app.exercise_log(request, journey.care_plan, done, told, f"{request['id']}-{day}"),
                day,
            )


def _send(journey: Journey, logs: Iterable[Sent]) -> list[str]:
    return [reference_to(_sent(journey, log)) for log, _ in logs]


def _sent(journey: Journey, log: JsonObject, *, expect: int = 201) -> JsonObject:
    """A log as it is answered; what follows from those before is waited for along with what follows from it."""
    (identifier,) = log["identifier"]
    once = {"If-None-Exist": f"identifier={identifier['system']}|{identifier['value']}"}
    answered = journey.partner.ask("POST", "Observation", log, expect=expect, headers=once)
    journey.goes_on_with(answered)
    return answered.content


def _is_of(log: Sent, request: str) -> bool:
    return bool(log[0]["basedOn"][0]["reference"] == request)


def _calendar(journey: Journey, logs: Iterable[Sent]) -> Iterable[str]:
    """A row for each exercise: on which of the days before today it was due, and logged."""
    known = list(logs)
    yield f"{'':<25} " + " ".join(f"{app.on_day(journey.today, day):%a}"[:2] for day in range(1, app.DAYS))
    for request in journey.exercises:
        logged = {day for log, day in known if _is_of((log, day), reference_to(request))}
        due = set(app.days_due(request, journey.today))
        marks = ["● " if day in logged else "○ " if day in due else "· " for day in range(1, app.DAYS)]
        yield f"{title(request):<25} " + " ".join(marks)
    yield "● logged  ○ due, not known  · not due"
