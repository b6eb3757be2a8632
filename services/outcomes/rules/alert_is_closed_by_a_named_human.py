"""An alert is taken by a named human, closed with a reason, and never made to disappear.

Whether that Practitioner exists is not asked: an alert can be acknowledged while every other service is down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.outcomes.domain.alert import deadline, is_alert, is_ours
from services.outcomes.domain.escalating import escalated, escalations, is_overdue
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.fhir.json import JsonObject

CLOSED = ("completed", "cancelled", "entered-in-error")
KEPT = ("code", "focus", "for", "reasonCode", "authoredOn")
FOUND = ("code", "severity", "patient", "identifiedDateTime", "evidence", "implicated", "detail")
"""What a DetectedIssue says was found: what was done about it, and a status, may be added."""
_PRACTITIONER = re.compile(r"(.+/)?Practitioner/[A-Za-z0-9\-.]{1,64}(/_history/.+)?")


def is_about_an_alert(change: Change) -> bool:
    """Whether an alert, or what it stands on, is written or deleted."""
    contents = (each.content for each in (change.before, change.after) if each)
    return any(is_alert(one) if change.type == "Task" else is_ours(one) for one in contents)


@rule("Task", "DetectedIssue", when=is_about_an_alert)
def alert_is_closed_by_a_named_human(change: Change) -> Iterator[Verdict]:
    """The lifecycle says which way an alert may go; this, who must have a part in it."""
    if change.after is None:
        yield Refuse("An alert is never deleted: close its Task, with an owner and a reason.")
    elif change.type == "Task":
        yield from _stays_what_it_is(change)
        yield from _has_owner_and_reason(change.after.content)
    else:
        yield from _keeps(change, FOUND)


def _has_owner_and_reason(task: JsonObject) -> Iterator[Verdict]:
    if task["status"] == "requested":
        return
    if not _PRACTITIONER.fullmatch(str(task.get("owner", {}).get("reference", ""))):
        yield Refuse("An alert is taken by a named Practitioner: say who.", "Task.owner")
    if task["status"] in CLOSED and not _says_why(task.get("statusReason", {})):
        yield Refuse("An alert is closed with a reason, as text or code.", "Task.statusReason")


def _says_why(reason: JsonObject) -> bool:
    return bool(str(reason.get("text", "")).strip() or any("code" in one for one in reason.get("coding", ())))


def _keeps(change: Change, elements: tuple[str, ...]) -> Iterator[Verdict]:
    if change.before is None:
        return
    for element in elements:
        if change.before.content.get(element) != change.content.get(element):
            yield Refuse(f"The {element} of an alert cannot be changed.", f"{change.type}.{element}")


def _stays_what_it_is(change: Change) -> Iterator[Verdict]:
    yield from _keeps(change, KEPT)
    if change.before is None or change.content["status"] != "requested":
        return
    before, after = change.before.content, change.content
    due, was_due = deadline(after), deadline(before)
    later = due is None or (was_due is not None and due > was_due)
    counted = escalations(after) != escalations(before)
    if (later or counted) and not _escalates(before, after, change):
        yield Refuse(
            "The deadline of an alert that nobody has taken cannot be put off.", "Task.restriction.period"
        )


def _escalates(before: JsonObject, after: JsonObject, change: Change) -> bool:
    """Whether it is what time brings: one step further, once the deadline has passed, to no later a deadline."""
    if not is_overdue(before, change.now):
        return False
    next_ = escalated(before, change.now)
    same = (deadline(after), escalations(after), after.get("priority"))
    return same == (deadline(next_), escalations(next_), next_.get("priority"))
