"""Escalation: an alert that nobody has acknowledged by its deadline gets another one, and is counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from clinical.escalation import escalation
from services.outcomes.domain.alert import deadline, is_alert, level_of
from services.outcomes.domain.codes import TASK, coded
from telerehab.canonical import BASE, extension_value, with_extension
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc

ESCALATIONS = f"{BASE}/StructureDefinition/escalations"
"""Extension (positiveInt) of a Task: how many times it has escalated."""
PRIORITIES = ("routine", "urgent", "asap", "stat")


def escalations(task: JsonObject) -> int:
    """How many times an alert has escalated."""
    counted = extension_value(task, ESCALATIONS)
    return counted if isinstance(counted, int) else 0


def is_overdue(task: JsonObject, now: datetime) -> bool:
    """Whether nobody has acknowledged the alert by its deadline; one without a deadline is always late."""
    due = deadline(task)
    return is_alert(task) and task["status"] == "requested" and (due is None or due <= now)


def escalated(task: JsonObject, now: datetime) -> JsonObject:
    """The Task with the next deadline and a priority that never falls."""
    number = escalations(task) + 1
    step = escalation().of(level_of(task).name, number)
    told = f"Escalated {number} {'time' if number == 1 else 'times'}: nobody has acknowledged it."
    priority = max(step.priority, task.get("priority", "routine"), key=PRIORITIES.index)
    due = utc(now + timedelta(minutes=step.due_minutes))
    restriction = task.get("restriction", {})
    return {
        **with_extension(task, {"url": ESCALATIONS, "valuePositiveInt": number}),
        "priority": priority,
        "businessStatus": {**coded(TASK, "escalated"), "text": told},
        "restriction": {**restriction, "period": {**restriction.get("period", {}), "end": due}},
        "lastModified": utc(now),
    }
