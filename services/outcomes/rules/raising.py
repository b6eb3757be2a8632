"""What every rule that alerts says: the DetectedIssue, the Task with its deadline, the event, all in one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.outcomes.domain.alert import Sign, detected_issue, due, issue_id, task
from services.outcomes.domain.whose import patient
from telerehab.change import Change, Emit, Verdict, Write
from telerehab.event import timestamp
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised
from telerehab.references import id_at


def alert(change: Change, signs: Sequence[Sign]) -> Iterator[Verdict]:
    """An alert for `signs` (the gravest first) of the changed resource, unless `found["known"]` has it already."""
    source = change.subject.reference
    if not signs or issue_id(source, signs) in {known.id for known in change.found["known"]}:
        return
    issue = detected_issue(source, patient(change.content), signs, change.now)
    acted_on = task(issue, signs, change.now)
    yield Write(issue)
    yield Write(acted_on)
    yield Emit(
        SafetyAlertRaised(
            detected_issue_id=issue["id"],
            detected_issue_version=1,
            task_id=acted_on["id"],
            patient_id=id_at(change.content, "subject", "Patient"),
            severity=signs[0].level.severity,
            rule_code=signs[0].code,
            due=timestamp(due(signs, change.now)),
            source=source,
        )
    )
