"""An alert that nobody has acknowledged in time is told again, for each escalation once."""

from __future__ import annotations

from services.session.domain.messages import alert_message_id, alert_reminder
from telerehab.event import Event, Lacking, handler
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertEscalated
from telerehab.unit_of_work import UnitOfWork


@handler(SafetyAlertEscalated)
async def remind_care_team(event: Event[SafetyAlertEscalated], work: UnitOfWork) -> None:
    """Once somebody has acknowledged it, what was said before and comes late is no news."""
    said = event.message
    id_ = alert_message_id(said.detected_issue_id)
    message = await work.read("Communication", id_)
    if message is None:
        raise Lacking(f"Communication/{id_}")
    reminder = alert_reminder(message.content, said.escalation, said.priority, event.time)
    told = await work.current("Communication", reminder["id"])
    if told is None and message.content["status"] == "in-progress":
        work.create(reminder)
