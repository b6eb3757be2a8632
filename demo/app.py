"""What the patient's app sends: answers to questionnaires it has read, and logs of exercises and of pain.

A home log has the form that services/outcomes/README.md states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo.resources import CATEGORY, CLINIC_ZONE, reference
from telerehab.canonical import EXERCISE_LOG, HOME_LOG, PAIN_LOG
from telerehab.fhir.json import JsonObject

LOG_ID = "https://app.example.org/log"
DAYS = 14
"""How far back the story reaches: its first day is 13 days ago, its last one is today."""
ZONE = ZoneInfo(CLINIC_ZONE)


def on_day(today: date, day: int) -> date:
    """The date of a day of the story: 1 is the first, `DAYS` is today."""
    return today - timedelta(days=DAYS - day)


def at(today: date, day: int, hour: int) -> str:
    """An hour of a day of the story, in the patient's zone."""
    return datetime.combine(on_day(today, day), time(hour), ZONE).isoformat(timespec="seconds")


def now() -> str:
    """This moment in the patient's zone."""
    return datetime.now(ZONE).isoformat(timespec="milliseconds")


def response(questionnaire: JsonObject, patient: str, authored: str, given: Mapping[str, Any]) -> JsonObject:
    """Answers by linkId: a number, a text, the code of an option; a yes or no that is not given is a no."""
    answered = [(item, _answer(item, given.get(item["linkId"]))) for item in questionnaire["item"]]
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{questionnaire['url']}|{questionnaire['version']}",
        "status": "completed",
        "subject": reference(patient),
        "authored": authored,
        "item": [
            {"linkId": item["linkId"], "text": item["text"], "answer": [answer]}
            for item, answer in answered
            if answer is not None
        ],
    }


def exercise_log(
    request: JsonObject, care_plan: str, effective: str, told: Mapping[str, int], name: str
) -> JsonObject:
    """How an exercise went; `name` is what the app calls this log, whenever and however often it sends it."""
    based_on = [reference(f"ServiceRequest/{request['id']}"), reference(care_plan)]
    return {
        **_log(EXERCISE_LOG, "exercise-log", request["subject"], effective, told, name),
        "basedOn": based_on,
    }


def pain_log(patient: str, effective: str, told: Mapping[str, int], name: str) -> JsonObject:
    """How much it hurts, outside of any exercise."""
    return _log(PAIN_LOG, "pain-log", reference(patient), effective, told, name)


def days_due(request: JsonObject, today: date) -> Iterable[int]:
    """The days of the story, before today, on which an exercise was due."""
    weekdays = request["occurrenceTiming"]["repeat"].get("dayOfWeek")
    for day in range(1, DAYS):
        if weekdays is None or on_day(today, day).strftime("%a").lower() in weekdays:
            yield day


def _log(
    profile: str, code: str, subject: JsonObject, effective: str, told: Mapping[str, int], name: str
) -> JsonObject:
    return {
        "resourceType": "Observation",
        "meta": {"profile": [profile]},
        "identifier": [{"system": LOG_ID, "value": name}],
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "activity", "display": "Activity"}]}],
        "code": {"coding": [{"system": HOME_LOG, "code": code}]},
        "subject": subject,
        "effectiveDateTime": effective,
        "component": [
            {"code": {"coding": [{"system": HOME_LOG, "code": part}]}, "valueInteger": value}
            for part, value in told.items()
        ],
    }


def _answer(item: JsonObject, given: Any) -> JsonObject | None:
    if item["type"] == "boolean":
        return {"valueBoolean": bool(given)}
    if given is None:
        return None
    if item["type"] == "choice":
        options = [option["valueCoding"] for option in item["answerOption"]]
        return {"valueCoding": next(one for one in options if one["code"] == given)}
    return {"valueInteger": given} if item["type"] == "integer" else {"valueString": given}
