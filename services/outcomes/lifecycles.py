"""The lifecycles of our Tasks: alerts that somebody must acknowledge, questionnaires that somebody must answer.

https://hl7.org/fhir/R4/task.html#statemachine
"""

from __future__ import annotations

from services.outcomes.domain.alert import is_alert
from services.outcomes.domain.due import is_due_questionnaire
from telerehab.lifecycle import NOT_THERE, Lifecycle

alert = Lifecycle(
    "Task",
    ours=is_alert,
    transitions={
        NOT_THERE: frozenset({"requested"}),
        "requested": frozenset({"accepted", "in-progress", "completed", "cancelled", "entered-in-error"}),
        "accepted": frozenset({"in-progress", "completed", "cancelled", "entered-in-error"}),
        "in-progress": frozenset({"completed", "cancelled", "entered-in-error"}),
        "completed": frozenset(),
        "cancelled": frozenset(),
        "entered-in-error": frozenset(),
    },
)
"""Nobody rejects an alert: who does not take it leaves it to others, and it escalates."""

due_questionnaire = Lifecycle(
    "Task",
    ours=is_due_questionnaire,
    transitions={
        NOT_THERE: frozenset({"requested"}),
        "requested": frozenset({"in-progress", "completed", "cancelled", "rejected", "entered-in-error"}),
        "in-progress": frozenset({"completed", "cancelled", "rejected", "entered-in-error"}),
        "completed": frozenset({"entered-in-error"}),
        "cancelled": frozenset({"entered-in-error"}),
        "rejected": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset(),
    },
)
