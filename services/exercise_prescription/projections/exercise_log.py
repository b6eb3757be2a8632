"""Exercise logs as this service has heard of them: every version of each, so that order and doubling are nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.exercise_prescription.domain.heard_log import HeardLog, heard_log
from telerehab.fhir import json
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ExerciseLogged
from telerehab.projection import Row, heard

if TYPE_CHECKING:
    from telerehab.engine import Engine
    from telerehab.unit_of_work import UnitOfWork

TABLE = "exercise_log"
LOOKED_BACK = timedelta(days=120)
exercise_log = heard(TABLE)


def keep(logged: ExerciseLogged, work: UnitOfWork) -> None:
    """Keep what an event says, in the handler's commit."""
    log = heard_log(logged)
    row: Row = {
        "source": log.source,
        "version": log.version,
        "patient": logged.patient_id,
        "prescription": logged.service_request_id,
        "client_id": log.client_id,
        "done": log.done.isoformat(),
        "offset_minutes": log.offset_minutes,
        "withdrawn": log.withdrawn,
        "told": log.told,
    }
    work.keep(TABLE, f"{log.source}/{log.version}", [row])


async def logs_of(engine: Engine, prescription: str, patient: str, now: datetime) -> list[HeardLog]:
    """Every version that was heard of each log of a person's prescription, as far as anything looks back."""
    rows = await engine.store.fetch(
        "SELECT source, version, client_id, done, offset_minutes, withdrawn, told::text AS told"
        " FROM exercise_prescription.exercise_log WHERE prescription = $1 AND done > $2"
        " AND patient = ANY ($3::text[])",
        prescription,
        now - LOOKED_BACK,
        list(engine.store.aliases.of(patient)),
    )
    return [
        HeardLog(
            row["source"],
            row["version"],
            row["client_id"],
            row["done"],
            row["offset_minutes"],
            row["withdrawn"],
            json.parse_object(row["told"]),
        )
        for row in rows
    ]
