"""What every rule that alerts says: the DetectedIssue, the Task with its deadline, the event, all in one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from services.outcomes.domain.alert import Sign, codes, detected_issue, due, issue_id, task, task_id
from services.outcomes.domain.whose import patient
from telerehab.change import Change, Emit, Look, Verdict, Write
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised
from telerehab.references import id_at
from telerehab.resource import Resource

if TYPE_CHECKING:
    from telerehab.unit_of_work import UnitOfWork


async def raised_so_far(change: Change, work: UnitOfWork) -> list[Resource]:
    """The DetectedIssues raised on earlier versions and their Tasks, also those the caller may not see.

    So is what was raised on the very version that this change would make: somebody else has made it meanwhile.
    """
    id_ = issue_id(_told_by(change))
    meanwhile = [await work.current("DetectedIssue", id_), await work.current("Task", task_id(id_))]
    if change.version == 1:
        return [one for one in meanwhile if one]
    query = f"DetectedIssue?implicated={change.subject.reference}"
    issues = await work.engine.search_all(query, work.engine.everything)
    tasks = [await _as_it_will_be("Task", task_id(one.id), work) for one in issues]
    return [*issues, *(one for one in [*tasks, *meanwhile] if one)]


ALERTS: Mapping[str, str | Look] = {
    "counted": "DetectedIssue?implicated={self}",  # first: it guards what the next one finds
    "known": raised_so_far,
}
"""What `alert` needs to have found."""


def alert(change: Change, signs_of: Callable[[JsonObject], Sequence[Sign]]) -> Iterator[Verdict]:
    """An alert if a human must be told of a sign that the changed resource shows, with all of them (gravest first)."""
    signs = signs_of(change.content)
    if issue_id(_told_by(change)) in {one.id for one in change.found["known"]}:
        return  # this change comes too late to be committed, and is planned again on what is there now
    if not _must_be_told(change, signs, signs_of):
        return
    issue = detected_issue(_told_by(change), patient(change.content), signs, change.now)
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
            source=change.subject.reference,
        )
    )


def _must_be_told(
    change: Change, signs: Sequence[Sign], signs_of: Callable[[JsonObject], Sequence[Sign]]
) -> bool:
    """Whether any sign was never told of this patient, or comes anew or worse once somebody took its alert."""
    mine = patient(change.content)
    issues = [
        one
        for one in change.found["known"]
        if one.type == "DetectedIssue" and _same(one.content.get("patient"), mine)
    ]
    taken = {
        one.id for one in change.found["known"] if one.type == "Task" and one.content["status"] != "requested"
    }
    told = {code for one in issues for code in codes(one.content)}
    waiting = {code for one in issues if task_id(one.id) not in taken for code in codes(one.content)}
    before = change.before.content if change.before else None
    had = signs_of(before) if before and _same(patient(before), mine) else ()
    degrees = {sign.code: sign.degree for sign in had}
    return any(
        sign.code not in told
        or (sign.code not in waiting and sign.degree > degrees.get(sign.code, sign.degree - 1))
        for sign in signs
    )


def _told_by(change: Change) -> str:
    return f"{change.subject.reference}/_history/{change.version}"


def _same(one: JsonObject | None, other: JsonObject | None) -> bool:
    """Whether two References are to the same Patient, whatever they display."""
    if one is None or other is None:
        return one is other
    return bool(one.get("reference", one) == other.get("reference", other))


async def _as_it_will_be(type_: str, id_: str, work: UnitOfWork) -> Resource | None:
    planned = work.planned.get(f"{type_}/{id_}")
    if planned is not None:
        return planned.after
    found = await work.replaced(type_, id_)
    if found is not None:
        work.guards.setdefault(found.reference, found.version)
    return found
