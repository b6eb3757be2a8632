"""An answer that is a danger sign makes its DetectedIssue, its Task with a deadline and its alert at once."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.alert import detected_issue, due, issue_id, task
from services.outcomes.domain.red_flags import raised
from telerehab.change import Change, Emit, Verdict, Write, rule
from telerehab.event import timestamp
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised


@rule("QuestionnaireResponse", find={"known": "DetectedIssue?implicated={self}"})
def red_flag_raises_an_alert(change: Change) -> Iterator[Verdict]:
    """Also for answers still in progress; an alert once raised stays until a human closes it."""
    flags = raised(change.after.content) if change.after else []
    source = change.subject.reference
    if not flags or issue_id(source, flags) in {known.id for known in change.found["known"]}:
        return
    subject = change.content.get("subject")
    issue = detected_issue(source, subject, flags, change.now)
    acted_on = task(issue, flags, change.now)
    yield Write(issue)
    yield Write(acted_on)
    yield Emit(
        SafetyAlertRaised(
            detected_issue_id=issue["id"],
            detected_issue_version=1,
            task_id=acted_on["id"],
            patient_id=str((subject or {}).get("reference", "")).removeprefix("Patient/"),
            severity=flags[0].level.severity,
            rule_code=flags[0].code,
            due=timestamp(due(flags, change.now)),
            source=source,
        )
    )
