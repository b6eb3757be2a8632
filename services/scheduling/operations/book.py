"""Appointment/$book: book a found or held time, or an appointment as given; move it; cancel it.

https://profiles.ihe.net/ITI/Scheduling (ITI-117); the names are those of the Argonaut scheduling guide.
"""

from __future__ import annotations

from services.scheduling.domain.blocking import booked_interval, participants
from services.scheduling.domain.proposal import accepted, with_patient
from services.scheduling.domain.visit import as_given, as_visit, keeping_ours, without_hold
from services.scheduling.lifecycles import booked_here
from services.scheduling.operations.hold import held_before, proposal, slot_of
from services.scheduling.operations.references import local, referred
from services.scheduling.operations.repetition import standing
from telerehab.fhir.bundle import collection
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.fhir.own_references import relative
from telerehab.operation import Parameters, operation
from telerehab.references import references_at
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


@operation("book.json")
async def book(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """A Bundle with the one Appointment; the same booking twice is one booking."""
    given = parameters.one("appointment-resource")
    reference = referred(parameters, "appointment-reference", "Appointment", work)
    if (given is None) == (reference is None):
        raise bad_request(
            "Give either 'appointment-reference' or 'appointment-resource'.", "Parameters", "required"
        )
    patient = _patient(parameters, work)
    if reference is not None:
        booked = await _by_reference(reference, patient, parameters, work)
    else:
        wanted = relative(given or {}, work.engine.base_url)
        booked = await _as_given(wanted, patient, parameters, work)
    return collection([booked])


async def _as_given(
    given: JsonObject, patient: str | None, parameters: Parameters, work: UnitOfWork
) -> Resource:
    """Book, change or cancel the Appointment as given; one without a known id is new."""
    known = await work.read("Appointment", given["id"]) if "id" in given else None
    if known is None:
        status = "booked" if given.get("status") in ("proposed", "pending", "booked") else given.get("status")
        if status != "booked":
            raise FhirError(
                422, [Issue("business-rule", "Only a booked one can be cancelled.", "Appointment.status")]
            )
        again = await _given_before(given, patient, work)
        return again or _new(as_given(given), patient, parameters, work)
    if not booked_here(known.content):
        raise FhirError(
            422, [Issue("business-rule", "That appointment was not booked here.", "Appointment.id")]
        )
    kept = keeping_ours(given, known.content)
    return await work.put(_complete(kept, patient, parameters, work) if kept["status"] == "booked" else kept)


async def _by_reference(
    reference: str, patient: str | None, parameters: Parameters, work: UnitOfWork
) -> Resource:
    """Book what is held under this reference, or the time proposed under it."""
    held = await work.read(*reference.split("/"))
    if held is None:
        again = await _before(reference, patient, work) if patient else None
        if again is None:
            return _new(await proposal(reference, work), patient, parameters, work)
        held = again
    theirs = patient is None or _is_of(held.content, patient, work)
    if held.content["status"] == "booked" and theirs:
        return held
    if held.content["status"] != "pending":
        raise FhirError(
            409, [Issue("conflict", "That appointment can no longer be booked.", "Appointment.status")]
        )
    if not theirs and participants(held.content, "Patient"):
        raise FhirError(409, [Issue("conflict", "That time is held for somebody else.", "Appointment.slot")])
    return await work.put(_complete(held.content, None if theirs else patient, parameters, work))


async def _before(reference: str, patient: str, work: UnitOfWork) -> Resource | None:
    """What the same patient holds or has booked of a proposal."""
    slot = slot_of(reference)

    def takes_the_slot(booked: JsonObject) -> bool:
        return slot in references_at(booked, "slot")

    held = await held_before(reference, patient, work)
    return held or await standing(patient, "booked", takes_the_slot, work)


async def _given_before(given: JsonObject, patient: str | None, work: UnitOfWork) -> Resource | None:
    """The same people's booking of the same time, if this is a repetition."""
    people = {*_actors(given), *([patient] if patient else [])}
    whom = next((actor for actor in sorted(people) if actor.startswith("Patient/")), None)
    if whom is None:
        return None

    def is_the_same(booked: JsonObject) -> bool:
        return set(_actors(booked)) == people and booked_interval(booked) == booked_interval(given)

    return await standing(
        local(whom, "appointment-resource", ("Patient",), work), "booked", is_the_same, work
    )


def _new(appointment: JsonObject, patient: str | None, parameters: Parameters, work: UnitOfWork) -> Resource:
    """A new visit; a proposal's id is that of its slot and is not kept."""
    fresh = {name: value for name, value in appointment.items() if name != "id"}
    return work.create(_complete(fresh, patient, parameters, work))


def _complete(
    appointment: JsonObject, patient: str | None, parameters: Parameters, work: UnitOfWork
) -> JsonObject:
    """The appointment booked, with everything the caller told about it."""
    booked = accepted(with_patient(appointment, patient) if patient else appointment, "booked")
    if parameters.all("based-on"):
        booked["basedOn"] = parameters.all("based-on")
    if parameters.one("comment"):
        booked["comment"] = parameters.one("comment")
    return as_visit(without_hold(booked), work.engine.settings.join)


def _patient(parameters: Parameters, work: UnitOfWork) -> str | None:
    resource = parameters.one("patient-resource")
    if resource is None:
        return referred(parameters, "patient-reference", "Patient", work)
    return local(f"Patient/{resource.get('id', '')}", "patient-resource", ("Patient",), work)


def _is_of(appointment: JsonObject, patient: str, work: UnitOfWork) -> bool:
    """Whether it is the patient's, under any id of the person."""
    person = work.engine.store.aliases.of(patient.partition("/")[2])
    return not set(person).isdisjoint(participants(appointment, "Patient"))


def _actors(appointment: JsonObject) -> list[str]:
    return references_at(appointment, "participant.actor")
