"""An alert: the DetectedIssue that says what was found, and the Task that makes somebody act on it in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from clinical.red_flags import levels
from services.outcomes.domain.codes import LEVEL, TASK, coded, has_code
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment, utc
from telerehab.identity import derived_id

ACKNOWLEDGE = "acknowledge-alert"


@dataclass(frozen=True, slots=True)
class Level:
    """What a level of concern asks for; `rank` 0 is the gravest."""

    name: str
    rank: int
    severity: str
    priority: str
    due_minutes: int


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that a human must look at: `code` of `system`, what it means in words, and how grave it is.

    `degree` tells worse from milder among signs of one code: the pain, what the answer counts.
    """

    system: str
    code: str
    text: str
    suspects: str
    level: Level
    degree: Decimal = Decimal(0)


def level(name: str) -> Level:
    """A level of clinical/red-flags/levels.toml by its name."""
    return _levels()[name]


def gravest() -> Level:
    """The level for what nobody can tell yet."""
    return next(iter(_levels().values()))


def is_alert(task: JsonObject) -> bool:
    """Whether a Task asks a human to acknowledge an alert of ours."""
    return has_code(task.get("code"), TASK, ACKNOWLEDGE)


def is_ours(issue: JsonObject) -> bool:
    """Whether a DetectedIssue was raised here: an alert of ours stands on it."""
    told_by = [str(one) for one in values_at(issue, "evidence.detail.reference")]
    return bool(told_by) and issue.get("id") == issue_id(told_by[0])


def codes(issue: JsonObject) -> set[str]:
    """The codes of the signs that an alert was raised for."""
    concepts = values_at(issue, "evidence.code")
    return {str(coding.get("code")) for concept in concepts for coding in concept.get("coding", ())[:1]}


def level_of(task: JsonObject) -> Level:
    """The level that an alert was raised at; the gravest where the Task does not say."""
    known = (one for name, one in _levels().items() if has_code(task.get("reasonCode"), LEVEL, name))
    return next(known, gravest())


def deadline(task: JsonObject) -> datetime | None:
    """By when a human must have acted."""
    return moment(task.get("restriction", {}).get("period", {}).get("end"))


def issue_id(told_by: str) -> str:
    """The id of the DetectedIssue for what one version ("Type/id/_history/1") shows: it makes one alert at most."""
    return derived_id("DetectedIssue", told_by)


def task_id(issue: str) -> str:
    """The id of the Task that asks a human to act on the DetectedIssue of this id."""
    return derived_id("Task", issue)


def detected_issue(
    told_by: str, subject: JsonObject | None, signs: Sequence[Sign], now: datetime
) -> JsonObject:
    """What was found in a version ("Type/id/_history/1"): coded by the gravest sign, every sign as evidence."""
    gravest = signs[0]
    issue: JsonObject = {
        "resourceType": "DetectedIssue",
        "id": issue_id(told_by),
        "status": "final",
        "code": coded(gravest.system, gravest.code, gravest.suspects),
        "severity": gravest.level.severity,
        "identifiedDateTime": utc(now),
        "implicated": [{"reference": told_by.partition("/_history/")[0]}],
        "evidence": [
            {"code": [coded(sign.system, sign.code, sign.suspects)], "detail": [{"reference": told_by}]}
            for sign in signs
        ],
        "detail": f"{gravest.level.name}: {gravest.text}",
    }
    return {**issue, "patient": subject} if subject else issue


def task(issue: JsonObject, signs: Sequence[Sign], now: datetime) -> JsonObject:
    """Who must act is open (the care team); by when is not."""
    grave = signs[0].level
    made: JsonObject = {
        "resourceType": "Task",
        "id": task_id(issue["id"]),
        "status": "requested",
        "intent": "order",
        "priority": grave.priority,
        "code": coded(TASK, ACKNOWLEDGE, "Acknowledge safety alert"),
        "focus": {"reference": f"DetectedIssue/{issue['id']}"},
        "authoredOn": utc(now),
        "reasonCode": coded(LEVEL, grave.name),
        "restriction": {"period": {"end": utc(due(signs, now))}},
    }
    return {**made, "for": issue["patient"]} if "patient" in issue else made


def due(signs: Sequence[Sign], now: datetime) -> datetime:
    """By when a human must have acted on the gravest of the signs."""
    return now + timedelta(minutes=signs[0].level.due_minutes)


@cache
def _levels() -> Mapping[str, Level]:
    return {
        name: Level(name, rank, stated.severity, stated.priority, stated.due_minutes)
        for rank, (name, stated) in enumerate(levels().items())
    }
