"""Questionnaires that are due around a visit: which, from when an answer counts, and the Task that asks for each.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinical.questionnaires_due import BeforeVisit, questionnaires_due
from clinical.red_flags import screenings
from services.outcomes.domain.answers import answers, questionnaire
from services.outcomes.domain.codes import REGION, TASK, coded, has_code
from services.outcomes.domain.questionnaires import (
    QUESTIONNAIRE,
    RED_FLAGS,
    REGION_ITEM,
    canonical,
    questionnaire_id,
    versions,
)
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment, utc
from telerehab.identity import derived_id

COMPLETE = "complete-questionnaire"
OPEN = ("requested", "in-progress")
Answered = Mapping[str, datetime]
"""When each questionnaire was last answered, by its name ("nprs", "red-flags-hip")."""


@dataclass(frozen=True, slots=True)
class Due:
    """One of `names` is to be answered between `start` and `end`; an answer from `start` on counts."""

    id: str
    names: tuple[str, ...]
    text: str
    start: datetime
    end: datetime


def is_due_questionnaire(task: JsonObject) -> bool:
    """Whether a Task asks for a questionnaire of ours."""
    return has_code(task.get("code"), TASK, COMPLETE)


def due_before(visit: datetime, answered: Answered, regions: Sequence[str]) -> Iterator[Due]:
    """What is due before a visit: what was not answered lately; `regions` are those the patient has trouble with.

    Without a known region one screening of any is asked for: which, the patient or the clinic chooses.
    """
    for stated in questionnaires_due().before_visit:
        start = visit - timedelta(days=stated.fresh_days)
        for id_, names in _wanted(stated, regions):
            if not any(answered[name] >= start for name in names if name in answered):
                yield Due(id_, names, stated.text, start, visit)


def due_after(visit: datetime) -> Iterator[Due]:
    """What is due after a visit that ended at `visit`."""
    for stated in questionnaires_due().after_visit:
        end = visit + timedelta(days=stated.within_days)
        yield Due(stated.id, (stated.instrument,), stated.text, visit, end)


def task(
    due: Due, about: str, patient_id: str, now: datetime, **more: JsonObject | list[JsonObject]
) -> JsonObject:
    """The Task for what is due; `about` ("Appointment/1") is what makes it one and the same when asked for again."""
    patient = {"reference": f"Patient/{patient_id}"}
    made: JsonObject = {
        "resourceType": "Task",
        "id": derived_id("Task", about, due.id),
        **more,
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": coded(TASK, COMPLETE, "Complete a questionnaire"),
        "description": due.text,
        "for": patient,
        "authoredOn": utc(now),
        "owner": patient,
        "restriction": {"period": {"start": utc(due.start), "end": utc(due.end)}},
        "input": [
            {"type": coded(TASK, "questionnaire"), "valueCanonical": f"{canonical(name)}|{versions()[name]}"}
            for name in due.names
        ],
    }
    if len(due.names) == 1:
        made["focus"] = {"reference": f"Questionnaire/{questionnaire_id(due.names[0])}"}
    return made


def moved(task: JsonObject, visit: datetime) -> JsonObject:
    """The Task of a visit that will be at another time; from when an answer counts moves along."""
    restriction = task.get("restriction", {})
    start, end = (moment(restriction.get("period", {}).get(name)) for name in ("start", "end"))
    counts = {"start": utc(visit - (end - start))} if start and end else {}
    return {**task, "restriction": {**restriction, "period": {**counts, "end": utc(visit)}}}


def is_answered_by(task: JsonObject, response: JsonObject, now: datetime) -> bool:
    """Whether a submitted response is what an open Task asks for."""
    if task["status"] not in OPEN or not is_due_questionnaire(task):
        return False
    start = moment(task.get("restriction", {}).get("period", {}).get("start"))
    authored = moment(response.get("authored")) or now
    return questionnaire(response)[0] in names(task) and (start is None or authored >= start)


def answered_by(task: JsonObject, response_id: str, now: datetime) -> JsonObject:
    """The Task done, with the response as its output."""
    output = {
        "type": coded(TASK, "response"),
        "valueReference": {"reference": f"QuestionnaireResponse/{response_id}"},
    }
    done = {**task, "status": "completed", "lastModified": utc(now)}
    return {**done, "output": [*task.get("output", ()), output]}


def cancelled(task: JsonObject, reason: str, now: datetime) -> JsonObject:
    """The Task that nobody needs to do any more."""
    return {**task, "status": "cancelled", "statusReason": {"text": reason}, "lastModified": utc(now)}


def names(task: JsonObject) -> list[str]:
    """The names of the questionnaires of which a Task asks for one."""
    canonicals = (str(one).partition("|")[0] for one in values_at(task, "input.valueCanonical"))
    return [url.removeprefix(QUESTIONNAIRE) for url in canonicals if url.startswith(QUESTIONNAIRE)]


def last_answered(responses: Iterable[JsonObject]) -> dict[str, datetime]:
    """When each questionnaire of ours was last answered, of submitted responses that tell when."""
    latest: dict[str, datetime] = {}
    for response in responses:
        name, authored = questionnaire(response)[0], moment(response.get("authored"))
        if name and authored is not None:
            latest[name] = max(authored, latest.get(name, authored))
    return latest


def regions(responses: Iterable[JsonObject]) -> list[str]:
    """The regions that a patient's responses are about, each once, the latest known last."""
    known: dict[str, None] = {}
    for response in responses:
        name = questionnaire(response)[0]
        told = [name.removeprefix(RED_FLAGS)] if name.startswith(RED_FLAGS) else _told(response)
        known.update(dict.fromkeys(region for region in told if region in screenings()))
    return list(known)


def _told(response: JsonObject) -> list[str]:
    codings = [answer.get("valueCoding", {}) for answer in answers(response).get(REGION_ITEM, ())]
    return [str(one.get("code")) for one in codings if one.get("system") == REGION]


def _wanted(stated: BeforeVisit, regions: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    if stated.instrument:
        yield stated.id, (stated.instrument,)
    if stated.screening and regions:
        yield from ((f"{stated.id}-{region}", (f"{RED_FLAGS}{region}",)) for region in regions)
    elif stated.screening:
        yield stated.id, tuple(f"{RED_FLAGS}{region}" for region in screenings())
