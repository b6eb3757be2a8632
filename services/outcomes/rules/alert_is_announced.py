"""What becomes of an alert is said: that it has escalated, that a named human has it in hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.outcomes.domain.alert import deadline, is_alert
from services.outcomes.domain.escalating import escalations
from telerehab.change import Change, Emit, Verdict, rule
from telerehab.event import timestamp
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertAcknowledged, SafetyAlertEscalated
from telerehab.references import id_at


def is_change_of_an_alert(change: Change) -> bool:
    """Whether an alert that was raised goes on."""
    return change.before is not None and change.after is not None and is_alert(change.after.content)


@rule("Task", when=is_change_of_an_alert)
def alert_is_announced(change: Change) -> Iterator[Verdict]:
    """Each escalation once; the acknowledgement once, when somebody first takes or closes it."""
    assert change.before is not None
    task, before = change.content, change.before.content
    if escalations(task) > escalations(before):
        due = deadline(task)
        yield Emit(
            SafetyAlertEscalated(
                **_whose(change),
                escalation=escalations(task),
                priority=task.get("priority", ""),
                due=timestamp(due) if due else None,
            )
        )
    if before["status"] == "requested" and task["status"] != "requested":
        yield Emit(
            SafetyAlertAcknowledged(
                **_whose(change),
                acknowledged_by=str(task.get("owner", {}).get("reference", "")),
                acknowledged=timestamp(change.now),
            )
        )


def _whose(change: Change) -> dict[str, Any]:
    task = change.content
    return {
        "detected_issue_id": id_at(task, "focus", "DetectedIssue"),
        "task_id": change.subject.id,
        "task_version": change.version,
        "patient_id": id_at(task, "for", "Patient"),
    }
