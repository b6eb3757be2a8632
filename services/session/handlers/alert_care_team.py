"""A safety alert reaches the care team as an urgent message, about the visit if one is being held."""

from __future__ import annotations

from collections.abc import Sequence

from services.session.domain.messages import alert_message, alert_message_id
from services.session.domain.visit import planned_start, practitioner_ids
from telerehab.canonical import VISIT
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

BEING_HELD = ("in-progress", "onleave")
TO_COME = ("planned", "arrived")


@handler(SafetyAlertRaised)
async def alert_care_team(event: Event[SafetyAlertRaised], work: UnitOfWork) -> None:
    """To who holds the visit, else the next one, else the last; to nobody in particular where there is none."""
    alert = event.message
    if await work.current("Communication", alert_message_id(alert.detected_issue_id)) is not None:
        return
    visits = await _visits(alert.patient_id, work)
    held = [visit for visit in visits if visit.content["status"] in BEING_HELD]
    to_come = [visit for visit in visits if visit.content["status"] in TO_COME]
    past = [visit for visit in visits if visit.content["status"] == "finished"]
    whose = next(iter([*held, *to_come, *reversed(past)]), None)
    work.create(
        alert_message(
            alert.detected_issue_id,
            alert.task_id,
            alert.patient_id,
            rule_code=alert.rule_code,
            severity=alert.severity,
            sent=event.time,
            recipients=[f"Practitioner/{id_}" for id_ in practitioner_ids(whose.content)] if whose else [],
            encounter_id=held[0].id if held else "",
        )
    )


async def _visits(patient_id: str, work: UnitOfWork) -> Sequence[Resource]:
    """The patient's visits in the order of their times; those that may yet start or end are guarded."""
    if not patient_id:
        return []
    found = await work.search(f"Encounter?subject=Patient/{patient_id}&_profile={VISIT}")
    visits = []
    for visit in found:
        open_ = visit.content["status"] in (*BEING_HELD, *TO_COME)
        now = await work.read("Encounter", visit.id) if open_ else visit
        visits += [now] if now else []
    return sorted(visits, key=lambda visit: planned_start(visit.content))
