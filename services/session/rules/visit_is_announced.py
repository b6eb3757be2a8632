"""How a visit goes is said: checked in, started, finished."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from services.session.domain.visit import appointment_id, patient_id, practitioner_ids, service_request_ids
from services.session.lifecycles import is_visit
from telerehab.change import Change, Emit, Verdict, rule
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionCheckedIn, SessionFinished, SessionStarted


@rule("Encounter")
def visit_is_announced(change: Change) -> Iterator[Verdict]:
    """Each status once, when the visit reaches it; coming back from leave is no second start."""
    if change.after is None or not is_visit(change.content):
        return
    status = change.became("status")
    before = change.before.content["status"] if change.before else None
    whose = _whose(change)
    period = change.content.get("period", {})
    if status == "arrived":
        yield Emit(SessionCheckedIn(**whose, arrived=timestamp(change.now)))
    elif status == "in-progress" and before != "onleave":
        yield Emit(SessionStarted(**whose, start=timestamp(moment(period.get("start")) or change.now)))
    elif status == "finished":
        yield Emit(_finished(whose, change.content, period, change.now))


def _finished(
    whose: dict[str, Any], encounter: JsonObject, period: JsonObject, now: datetime
) -> SessionFinished:
    return SessionFinished(
        **whose,
        practitioner_ids=practitioner_ids(encounter),
        start=timestamp(moment(period.get("start")) or now),
        end=timestamp(moment(period.get("end")) or now),
        service_request_ids=service_request_ids(encounter),
    )


def _whose(change: Change) -> dict[str, Any]:
    return {
        "encounter_id": change.subject.id,
        "encounter_version": change.version,
        "appointment_id": appointment_id(change.content),
        "patient_id": patient_id(change.content),
    }
