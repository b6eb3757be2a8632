"""An alert that a named human has acknowledged stands against no visit any more."""

from __future__ import annotations

from datetime import UTC

from services.session.domain.messages import acknowledged, alert_message_id
from services.session.lifecycles import alert_message
from telerehab.event import Event, Lacking, handler
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertAcknowledged
from telerehab.unit_of_work import UnitOfWork


@handler(SafetyAlertAcknowledged)
async def close_alert(event: Event[SafetyAlertAcknowledged], work: UnitOfWork) -> None:
    """The alert comes on another topic and may come later: then this waits for it."""
    said = event.message
    id_ = alert_message_id(said.detected_issue_id)
    message = await work.read("Communication", id_)
    if message is None:
        raise Lacking(f"Communication/{id_}")
    status = message.content["status"]
    if status != "completed" and alert_message.allows(status, "completed"):
        await work.put(acknowledged(message.content, said.acknowledged_by, said.acknowledged.ToDatetime(UTC)))
