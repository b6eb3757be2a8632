"""A pain score is noted: once pain has risen since red flags were clear, they are asked again before a visit."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal

from clinical.instruments import instruments
from clinical.red_flags import rescreening
from services.session.domain.messages import about, heard_pain, heard_pain_id
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ScoreRecorded
from telerehab.unit_of_work import UnitOfWork

GONE = "entered-in-error"


@handler(ScoreRecorded, rebuilds=True)
async def note_pain(event: Event[ScoreRecorded], work: UnitOfWork) -> None:
    """Of the one instrument that the rule names; an older version of the score than the one noted says nothing."""
    said = event.message
    named = rescreening().pain_instrument
    if said.code != f"{named}.{instruments()[named].score.id}":
        return
    known = await work.read("Communication", heard_pain_id(said.observation_id))
    if known is not None and about(known.content)[1] >= said.observation_version:
        return
    if not said.patient_id:
        if known is not None:
            await work.put({**known.content, "status": GONE})
        return
    stands = bool(said.value) and said.status != GONE
    await work.put(
        heard_pain(
            said.observation_id,
            said.observation_version,
            said.patient_id,
            score=Decimal(said.value) if stands else None,
            told=said.effective.ToDatetime(UTC) if said.HasField("effective") else None,
            heard=event.time,
        )
    )
