"""The result of a red-flag screening is noted: a visit starts only once a clear one has been heard of."""

from __future__ import annotations

from datetime import UTC

from services.session.domain.messages import about, heard_screening, heard_screening_id
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import RedFlagScreened
from telerehab.unit_of_work import UnitOfWork


@handler(RedFlagScreened, rebuilds=True)
async def note_screening(event: Event[RedFlagScreened], work: UnitOfWork) -> None:
    """An older version of the answers than the one noted says nothing new; answers of nobody are in error."""
    said = event.message
    known = await work.read("Communication", heard_screening_id(said.questionnaire_response_id))
    if known is not None and about(known.content)[1] >= said.questionnaire_response_version:
        return
    if not said.patient_id:
        if known is not None:
            await work.put({**known.content, "status": "entered-in-error"})
        return
    await work.put(
        heard_screening(
            said.questionnaire_response_id,
            said.questionnaire_response_version,
            said.patient_id,
            screening=said.screening,
            level=said.level,
            screened=said.screened.ToDatetime(UTC) if said.HasField("screened") else None,
            heard=event.time,
        )
    )
