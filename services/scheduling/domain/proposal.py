"""Proposed appointments: a free slot as an Appointment that could be booked.

A proposal bears the id of its slot; what is held or booked from it gets an id of its own.
"""

from __future__ import annotations

from services.scheduling.domain.blocking import EXCLUSIVE
from services.scheduling.domain.schedule import COPIED
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.references import references_at


def schedule_actors(schedule: JsonObject) -> list[str]:
    """References of the schedule's actors."""
    return references_at(schedule, "actor")


def exclusive(actors: list[str]) -> list[str]:
    """Those of `actors` who can be in one place only."""
    return [actor for actor in actors if actor.partition("/")[0] in EXCLUSIVE]


def proposed(slot: JsonObject, schedule: JsonObject, patient: str | None = None) -> JsonObject:
    """The Appointment that the slot could become, for `patient` ("Patient/1") if given."""
    whom = [patient, *schedule_actors(schedule)] if patient else schedule_actors(schedule)
    start, end = moment(slot["start"]), moment(slot["end"])
    appointment: JsonObject = {"resourceType": "Appointment", "id": slot["id"], "status": "proposed"}
    for name in COPIED:
        copied = slot.get(name) or schedule.get(name)
        if copied:
            appointment[name] = copied
    if start and end:
        appointment["minutesDuration"] = int((end - start).total_seconds() // 60)
    return {
        **appointment,
        "start": slot["start"],
        "end": slot["end"],
        "slot": [{"reference": f"Slot/{slot['id']}"}],
        "participant": [{"actor": {"reference": actor}, "status": "needs-action"} for actor in whom],
    }


def accepted(appointment: JsonObject, status: str) -> JsonObject:
    """The appointment with `status`, and everybody who had not answered taking part."""
    taking_part = [
        {**participant, "status": "accepted"} if participant.get("status") == "needs-action" else participant
        for participant in appointment.get("participant", ())
    ]
    return {**appointment, "status": status, "participant": taking_part}


def with_patient(appointment: JsonObject, patient: str) -> JsonObject:
    """The appointment with `patient` ("Patient/1") taking part."""
    if patient in references_at(appointment, "participant.actor"):
        return appointment
    taking_part = {"actor": {"reference": patient}, "status": "accepted"}
    return {**appointment, "participant": [taking_part, *appointment.get("participant", ())]}
