"""A patient is told when the exercise programme begins, changes or ends."""

from __future__ import annotations

from services.session.domain.messages import PROGRAMME_CATEGORY, about, programme_message
from services.session.domain.visit import appointment_id, planned_start
from telerehab.canonical import PROGRAMME_MESSAGE, VISIT, has_profile
from telerehab.event import Event, handler
from telerehab.pb.telerehab.events.v1.exercise_prescription_pb2 import ProgrammeChanged
from telerehab.unit_of_work import UnitOfWork


@handler(ProgrammeChanged)
async def tell_patient(event: Event[ProgrammeChanged], work: UnitOfWork) -> None:
    """With its exercises and the visits to come; news that was not seen yet is overtaken by newer news."""
    programme = event.message
    if not programme.patient_id:
        return
    told = await work.search(
        f"Communication?subject=Patient/{programme.patient_id}&category={PROGRAMME_CATEGORY}"
    )
    earlier = [
        one
        for one in told
        if has_profile(one.content, PROGRAMME_MESSAGE)
        and about(one.content)[0] == f"CarePlan/{programme.care_plan_id}"
    ]
    if any(about(one.content)[1] >= programme.care_plan_version for one in earlier):
        return
    for one in earlier:
        current = await work.read("Communication", one.id)
        if current is not None and current.content["status"] == "in-progress":
            await work.put({**current.content, "status": "stopped"})
    work.create(
        programme_message(
            programme.care_plan_id,
            programme.care_plan_version,
            programme.patient_id,
            status=programme.status,
            sent=event.time,
            service_request_ids=[exercise.service_request_id for exercise in programme.exercises],
            appointment_ids=await _appointments_to_come(programme.patient_id, work),
        )
    )


async def _appointments_to_come(patient_id: str, work: UnitOfWork) -> list[str]:
    visits = await work.search(f"Encounter?subject=Patient/{patient_id}&_profile={VISIT}&status=planned")
    in_order = sorted((visit.content for visit in visits), key=planned_start)
    return [id_ for id_ in map(appointment_id, in_order) if id_]
