"""A log is kept, and what follows from it for the dose is proposed at once."""

from __future__ import annotations

from services.exercise_prescription.domain.heard_log import heard_log
from services.exercise_prescription.projections.exercise_log import keep
from services.exercise_prescription.proposing import propose
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ExerciseLogged
from telerehab.unit_of_work import UnitOfWork


@handler(ExerciseLogged, rebuilds=True)
async def keep_exercise_log(event: Event[ExerciseLogged], work: UnitOfWork) -> None:
    """Late, doubled or out of order: what was heard is the same in the end."""
    keep(event.message, work)


@handler(ExerciseLogged)
async def propose_dose(event: Event[ExerciseLogged], work: UnitOfWork) -> None:
    """Judged with this log whether or not it is kept yet; another patient's says nothing of a prescription."""
    logged = event.message
    request = await work.read("ServiceRequest", logged.service_request_id)
    people = {f"Patient/{one}" for one in work.engine.store.aliases.of(logged.patient_id)}
    if request is None or request.content.get("subject", {}).get("reference") not in people:
        return
    await propose(logged.service_request_id, work, work.derived_id, [heard_log(logged)])
