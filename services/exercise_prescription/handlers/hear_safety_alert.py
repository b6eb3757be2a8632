"""While a safety alert of a patient is open, no dose is raised: open proposals to do so are withdrawn."""

from __future__ import annotations

from services.exercise_prescription.domain.proposal import decision_of, is_proposal
from services.exercise_prescription.projections.safety_alert import (
    ACKNOWLEDGED,
    RAISED,
    is_acknowledged,
    keep,
)
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertAcknowledged, SafetyAlertRaised
from telerehab.unit_of_work import UnitOfWork


@handler(SafetyAlertRaised, rebuilds=True)
async def stop_progress(event: Event[SafetyAlertRaised], work: UnitOfWork) -> None:
    """In the commit that keeps the alert; one that was acknowledged before withdraws nothing."""
    raised = event.message
    if not raised.patient_id:
        return
    keep(raised.detected_issue_id, raised.patient_id, RAISED, work)
    if await is_acknowledged(raised.detected_issue_id, work):
        return
    for group in await work.search(f"RequestGroup?subject=Patient/{raised.patient_id}&status=draft"):
        if is_proposal(group.content) and decision_of(group.content) == "progress":
            await work.put({**group.content, "status": "revoked"})


@handler(SafetyAlertAcknowledged, rebuilds=True)
async def allow_progress(event: Event[SafetyAlertAcknowledged], work: UnitOfWork) -> None:
    """The next log may raise a dose again."""
    if event.message.patient_id:
        keep(event.message.detected_issue_id, event.message.patient_id, ACKNOWLEDGED, work)
