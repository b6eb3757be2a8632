"""What in a patient's conditions and operations speaks against exercises, by clinical/precautions.toml.

https://hl7.org/fhir/R4/condition.html https://hl7.org/fhir/R4/procedure.html
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clinical.exercises import Exercise
from clinical.precautions import Precaution, precautions
from services.exercise_prescription.domain.terms import PRECAUTION, SNOMED
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.resource import Resource

ICD_10 = ("http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm")
BLOCK = "block"
_OVER = ("inactive", "remission", "resolved")
_NEVER_WAS = ("refuted", "entered-in-error")
_DONE = ("completed", "in-progress", "unknown")
_DATES = {
    "Condition": ("onsetDateTime", "onsetPeriod.start", "recordedDate"),
    "Procedure": ("performedDateTime", "performedPeriod.end", "performedPeriod.start"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that holds, and of what: "Condition/1" or "Procedure/1"."""

    rule: Precaution
    source: str


def against(exercise: Exercise, history: Iterable[Resource], now: datetime) -> list[Found]:
    """What speaks against an exercise, in the order of the rules; `history` are Conditions and Procedures."""
    known = [one for one in history if _stands(one.content)]
    return [
        Found(rule, one.reference)
        for rule in precautions().rule
        if _is_about(rule, exercise)
        for one in known
        if _names(rule, one.content) and _is_recent(rule, one.content, now)
    ]


def precaution(level: str, text: str, *more: JsonObject) -> JsonObject:
    """The extension: what a clinician overrides with a reason ("block") or acknowledges ("precaution")."""
    parts = [{"url": "level", "valueCode": level}, {"url": "text", "valueString": text}]
    return {"url": PRECAUTION, "extension": [*parts, *more]}


def _is_about(rule: Precaution, exercise: Exercise) -> bool:
    if not rule.exercises and not rule.tags:
        return True
    return exercise.id in rule.exercises or not set(exercise.tags).isdisjoint(rule.tags)


def _names(rule: Precaution, content: JsonObject) -> bool:
    for coding in values_at(content, "code.coding"):
        code = str(coding.get("code", ""))
        if coding.get("system") == SNOMED and code in rule.snomed:
            return True
        if coding.get("system") in ICD_10 and code.startswith(rule.icd10 or ("\0",)):
            return True
    return False


def _stands(content: JsonObject) -> bool:
    """Whether it is so, as far as is told: what is not said to be over holds."""
    if content["resourceType"] == "Procedure":
        return content.get("status") in _DONE
    clinical = set(values_at(content, "clinicalStatus.coding.code"))
    verified = set(values_at(content, "verificationStatus.coding.code"))
    return clinical.isdisjoint(_OVER) and verified.isdisjoint(_NEVER_WAS)


def _is_recent(rule: Precaution, content: JsonObject, now: datetime) -> bool:
    """Within the weeks of the rule; without a date it is."""
    if rule.within_weeks is None:
        return True
    latest = max(_days(content), default=None)
    return latest is None or now.date() - latest <= timedelta(weeks=rule.within_weeks)


def _days(content: JsonObject) -> Iterator[date]:
    """The latest day that each date may mean: a year alone is its last day."""
    for path in _DATES[content["resourceType"]]:
        for told in values_at(content, path):
            yield _latest_day(told)


def _latest_day(told: Any) -> date:
    at = moment(told)
    if at is not None:
        return at.astimezone(UTC).date()
    year, month, day = map(int, f"{str(told)[:10]}-0-0".split("-")[:3])
    month = month or 12
    return date(year, month, day or monthrange(year, month)[1])
