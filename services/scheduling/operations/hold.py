"""Appointment/$hold: keep a found time from everyone else for a while."""

from __future__ import annotations

from datetime import timedelta

from services.scheduling.domain.proposal import accepted, proposed, with_patient
from services.scheduling.operations.find import reference_of
from telerehab.canonical import BOOKED_VISIT, HOLD_EXPIRES, with_extension, with_profile
from telerehab.fhir.bundle import collection
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, not_found
from telerehab.fhir.when import utc
from telerehab.operation import Parameters, operation
from telerehab.unit_of_work import UnitOfWork

HOLD = timedelta(minutes=10)


@operation("hold.json")
async def hold(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """A pending Appointment in the slot of the proposal; 409 if the time has been taken meanwhile."""
    reference = reference_of(parameters.required("appointment-reference")) or ""
    patient = reference_of(parameters.one("patient-reference"))
    appointment = await proposal(reference, work)
    pending = accepted({name: value for name, value in appointment.items() if name != "id"}, "pending")
    if patient:
        pending = with_patient(pending, patient)
    expires = {"url": HOLD_EXPIRES, "valueInstant": utc(work.now + HOLD)}
    held = work.create(with_extension(with_profile(pending, BOOKED_VISIT), expires))
    return collection([held])


async def proposal(reference: str, work: UnitOfWork) -> JsonObject:
    """The proposed Appointment that `$find` answered under this reference; 409 if it is taken, 404 if unknown."""
    type_, _, id_ = reference.partition("/")
    slot = await work.read("Slot", id_) if type_ == "Appointment" else None
    if slot is None:
        raise not_found("Appointment", id_)
    if slot.content["status"] != "free":
        raise FhirError(409, [Issue("conflict", "That time is already taken.", "Appointment.slot")])
    schedule = await work.required(*slot.content["schedule"]["reference"].split("/", 1))
    return proposed(slot.content, schedule.content)
