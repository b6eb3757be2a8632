"""An alert: the DetectedIssue that says what was found, and the Task that makes somebody act on it in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.outcomes.domain.red_flags import RedFlag
from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from telerehab.identity import derived_id

RED_FLAG = f"{BASE}/CodeSystem/red-flag"
TASK_CODE = {
    "system": f"{BASE}/CodeSystem/task",
    "code": "acknowledge-alert",
    "display": "Acknowledge safety alert",
}


def issue_id(source: str, flags: Sequence[RedFlag]) -> str:
    """The id of the DetectedIssue for these flags of `source` ("Type/id"): the same signs make one alert."""
    return derived_id("DetectedIssue", source, *(flag.code for flag in flags))


def detected_issue(
    source: str, subject: JsonObject | None, flags: Sequence[RedFlag], now: datetime
) -> JsonObject:
    """What was found: coded by the gravest flag, with every flag as evidence."""
    gravest = flags[0]
    issue: JsonObject = {
        "resourceType": "DetectedIssue",
        "id": issue_id(source, flags),
        "status": "final",
        "code": {"coding": [{"system": RED_FLAG, "code": gravest.code, "display": gravest.suspects}]},
        "severity": gravest.level.severity,
        "identifiedDateTime": utc(now),
        "implicated": [{"reference": source}],
        "evidence": [
            {
                "code": [{"coding": [{"system": RED_FLAG, "code": flag.code, "display": flag.suspects}]}],
                "detail": [{"reference": source}],
            }
            for flag in flags
        ],
        "detail": f"{gravest.level.name}: {gravest.text}",
    }
    return {**issue, "patient": subject} if subject else issue


def task(issue: JsonObject, flags: Sequence[RedFlag], now: datetime) -> JsonObject:
    """Who must act is open (the care team); by when is not."""
    level = flags[0].level
    made: JsonObject = {
        "resourceType": "Task",
        "id": derived_id("Task", issue["id"]),
        "status": "requested",
        "intent": "order",
        "priority": level.priority,
        "code": {"coding": [TASK_CODE]},
        "focus": {"reference": f"DetectedIssue/{issue['id']}"},
        "authoredOn": utc(now),
        "restriction": {"period": {"end": utc(due(flags, now))}},
    }
    return {**made, "for": issue["patient"]} if "patient" in issue else made


def due(flags: Sequence[RedFlag], now: datetime) -> datetime:
    """By when a human must have acted on the gravest of the flags."""
    return now + timedelta(minutes=flags[0].level.due_minutes)
