"""A visit that was held makes follow-up questionnaires due, once for however many visits."""

from __future__ import annotations

from datetime import UTC

from services.outcomes.domain.codes import TASK
from services.outcomes.domain.due import COMPLETE, OPEN, due_after, moved, names, task
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionFinished
from telerehab.unit_of_work import UnitOfWork


@handler(SessionFinished)
async def ask_after_visit(event: Event[SessionFinished], work: UnitOfWork) -> None:
    """What is open since an earlier visit moves on with the latest one: one that answers is asked once."""
    finished = event.message
    if not finished.patient_id:
        return
    about = f"Encounter/{finished.encounter_id}"
    query = f"Task?patient=Patient/{finished.patient_id}&status={','.join(OPEN)}&code={TASK}|{COMPLETE}"
    later = [one.content for one in await work.search(query) if "basedOn" not in one.content]
    for due in due_after(finished.end.ToDatetime(UTC)):
        open_since = next((one for one in later if names(one) == list(due.names)), None)
        asked = task(due, about, finished.patient_id, work.now, encounter={"reference": about})
        if open_since is not None and open_since["id"] != asked["id"]:
            await work.put(moved(open_since, due.end))
        elif await work.current("Task", asked["id"]) is None:
            work.create(asked)
