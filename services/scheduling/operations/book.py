"""Appointment/$book: book a found or held time, or an appointment as given; move it; cancel it.

https://profiles.ihe.net/ITI/Scheduling (ITI-117); the names are those of the Argonaut scheduling guide.
"""

from __future__ import annotations

from services.scheduling.domain.blocking import booked_interval
from services.scheduling.domain.proposal import accepted, with_patient
from services.scheduling.domain.visit import as_given, as_visit, without_hold
from services.scheduling.lifecycles import booked_here
from services.scheduling.operations.find import reference_of
from services.scheduling.operations.hold import proposal
from telerehab.change import values_at
from telerehab.fhir.bundle import collection
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


@operation("book.json")
async def book(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """A Bundle with the one Appointment; the same booking twice is one booking."""
    given = parameters.one("appointment-resource")
    reference = reference_of(parameters.one("appointment-reference"))
    if (given is None) == (reference is None):
        raise bad_request(
            "Give either 'appointment-reference' or 'appointment-resource'.", "Parameters", "required"
        )
    patient = _patient(parameters)
    if given is not None:
        booked = await _as_given(given, patient, parameters, work)
    else:
        booked = await _by_reference(reference or "", patient, parameters, work)
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
    kept = _with_ours(as_given(given), known.content)
    return await work.put(_complete(kept, patient, parameters, work) if kept["status"] == "booked" else kept)


async def _by_reference(
    reference: str, patient: str | None, parameters: Parameters, work: UnitOfWork
) -> Resource:
    """Book what is held under this reference, or the time proposed under it."""
    held = await work.read("Appointment", reference.partition("/")[2])
    if held is None:
        again = await _booked_before(reference, patient, work)
        return again or _new(await proposal(reference, work), patient, parameters, work)
    if held.content["status"] == "booked" and (patient is None or patient in _actors(held.content)):
        return held
    if held.content["status"] != "pending":
        raise FhirError(
            409, [Issue("conflict", "That appointment can no longer be booked.", "Appointment.status")]
        )
    others = [actor for actor in _actors(held.content) if actor.startswith("Patient/") and actor != patient]
    if patient is not None and others:
        raise FhirError(409, [Issue("conflict", "That time is held for somebody else.", "Appointment.slot")])
    return await work.put(_complete(held.content, patient, parameters, work))


async def _booked_before(reference: str, patient: str | None, work: UnitOfWork) -> Resource | None:
    """The same patient's booking of the same proposal, if this is a repetition."""
    if patient is None:
        return None
    slot = f"Slot/{reference.partition('/')[2]}"
    booked = await work.search(f"Appointment?actor={patient}&status=booked")
    return next((one for one in booked if slot in values_at(one.content, "slot.reference")), None)


async def _given_before(given: JsonObject, patient: str | None, work: UnitOfWork) -> Resource | None:
    """The same people's booking of the same time, if this is a repetition."""
    people = {*_actors(given), *([patient] if patient else [])}
    whom = next((actor for actor in sorted(people) if actor.startswith("Patient/")), None)
    if whom is None:
        return None
    booked = await work.search(f"Appointment?actor={whom}&status=booked")
    return next(
        (
            one
            for one in booked
            if booked_here(one.content)
            and set(_actors(one.content)) == people
            and booked_interval(one.content) == booked_interval(given)
        ),
        None,
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


def _with_ours(given: JsonObject, known: JsonObject) -> JsonObject:
    """What the caller wants, keeping the profile and extensions that the platform gave."""
    ours = [one for one in known.get("extension", ()) if one not in as_given(known).get("extension", ())]
    merged = [*given.get("extension", ()), *ours]
    changed = {**given, "meta": {**known.get("meta", {}), **given.get("meta", {})}}
    changed["meta"]["profile"] = known["meta"]["profile"]
    return {**changed, "extension": merged} if merged else changed


def _patient(parameters: Parameters) -> str | None:
    resource = parameters.one("patient-resource")
    if resource is not None:
        if "id" not in resource:
            raise bad_request(
                "'patient-resource' needs the id of a patient known here.", "Parameters", "required"
            )
        return f"Patient/{resource['id']}"
    return reference_of(parameters.one("patient-reference"))


def _actors(appointment: JsonObject) -> list[str]:
    return [str(actor) for actor in values_at(appointment, "participant.actor.reference")]
