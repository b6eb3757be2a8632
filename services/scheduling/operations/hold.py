"""Appointment/$hold: keep a found time from everyone else for a while.

https://profiles.ihe.net/ITI/Scheduling (ITI-116)
"""

from __future__ import annotations

from datetime import timedelta

from services.scheduling.domain.proposal import accepted, proposed, with_patient
from services.scheduling.domain.visit import hold_expires
from services.scheduling.operations.references import referred
from services.scheduling.operations.repetition import standing
from telerehab.canonical import BOOKED_VISIT, HOLD_EXPIRES, with_extension, with_profile
from telerehab.fhir.bundle import collection
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request, not_found
from telerehab.fhir.when import utc
from telerehab.operation import Parameters, operation
from telerehab.references import named, references_at
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

HOLD = timedelta(minutes=10)


@operation("hold.json")
async def hold(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """A pending Appointment in the slot of the proposal; 409 if the time has been taken meanwhile.

    The same patient's hold of the same time is answered as it is: asking again does not prolong it.
    """
    reference = referred(parameters, "appointment-reference", "Appointment", work)
    if reference is None:
        raise bad_request("Say which time, by 'appointment-reference'.", "Parameters", "required")
    patient = referred(parameters, "patient-reference", "Patient", work)
    held = await held_before(reference, patient, work) if patient else None
    return collection([held or _new(await proposal(reference, work), patient, work)])


async def held_before(reference: str, patient: str, work: UnitOfWork) -> Resource | None:
    """The patient's own hold of a proposal, if it has not run out."""
    slot = slot_of(reference)

    def fits(pending: JsonObject) -> bool:
        until = hold_expires(pending)
        return slot in references_at(pending, "slot") and until is not None and until > work.now

    return await standing(patient, "pending", fits, work)


async def proposal(reference: str, work: UnitOfWork) -> JsonObject:
    """The proposed Appointment that `$find` answered under this reference; 409 if it is taken, 404 if unknown."""
    slot = await work.read(*slot_of(reference).split("/"))
    if slot is None:
        raise not_found(*reference.split("/"))
    if slot.content["status"] != "free":
        raise FhirError(409, [Issue("conflict", "That time is already taken.", "Appointment.slot")])
    schedule = await work.required(*named(slot.content["schedule"]["reference"]).split("/", 1))
    return proposed(slot.content, schedule.content)


def slot_of(reference: str) -> str:
    """The slot of a proposal ("Appointment/1"): it bears the same id."""
    return f"Slot/{reference.partition('/')[2]}"


def _new(appointment: JsonObject, patient: str | None, work: UnitOfWork) -> Resource:
    pending = accepted({name: value for name, value in appointment.items() if name != "id"}, "pending")
    if patient:
        pending = with_patient(pending, patient)
    expires = {"url": HOLD_EXPIRES, "valueInstant": utc(work.now + HOLD)}
    return work.create(with_extension(with_profile(pending, BOOKED_VISIT), expires))
