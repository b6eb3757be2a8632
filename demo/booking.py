"""A visit is found, held, booked, moved and cancelled by a partner app; what has to follow follows."""

from __future__ import annotations

from demo import resources
from demo.cast import Journey
from demo.client import reference_to
from demo.intake import due
from demo.reading import (
    find,
    held_until,
    only,
    planned_start,
    require,
    slot_of,
    visit_of,
    when,
)
from telerehab import canonical
from telerehab.fhir import json
from telerehab.fhir.when import moment


def find_and_hold(journey: Journey) -> None:
    """A partner app finds a free time and holds it while the patient decides."""
    journey.proposal = find(journey, journey.partner)[0]
    pending = only(
        journey.partner.call(
            "Appointment/$hold",
            resources.parameter("appointment-reference", reference_to(journey.proposal)),
            resources.parameter("patient-reference", journey.patient),
        )
    )
    require(pending["status"] == "pending", "what is held should be pending")
    journey.held = reference_to(pending)
    require(slot_of(journey, journey.proposal)["status"] == "busy-tentative", "the slot should be held")
    journey.tell.note(f"{when(pending)}, held until {held_until(pending)}.")
    journey.shows(journey.held)


def refuse_the_second(journey: Journey) -> None:
    """Another app wants the same time: it is told that it is taken, not by whom."""
    taken = resources.parameter("appointment-reference", reference_to(journey.proposal))
    for operation in ("Appointment/$hold", "Appointment/$book"):
        refused = journey.stranger.call(operation, taken, expect=409)
        require(refused.content["resourceType"] == "OperationOutcome", "a refusal says why")
        said = json.dump(refused.content).decode()
        secret = [journey.patient, journey.held, journey.patient.partition("/")[2]]
        require(not any(word in said for word in secret), "the refusal tells who has the time")
    offered = [reference_to(one) for one in find(journey, journey.stranger)]
    require(reference_to(journey.proposal) not in offered, "a held time is still offered")
    journey.tell.note(f"409 {refused.content['issue'][0]['diagnostics']}")


def book(journey: Journey) -> None:
    """The partner app books the time it holds."""
    answer = journey.partner.call(
        "Appointment/$book",
        resources.parameter("appointment-reference", journey.held),
        resources.parameter("patient-reference", journey.patient),
        resources.parameter("based-on", journey.referral),
    )
    journey.appointment = only(answer)
    journey.begins_with(answer)
    journey.encounter = visit_of(journey.appointment)
    stored = journey.partner.read(reference_to(journey.appointment))
    require(
        stored == journey.appointment and stored["status"] == "booked", "the booking is not what was answered"
    )
    require(slot_of(journey, journey.proposal)["status"] == "busy", "the slot should be busy")
    journey.tell.note(f"{when(stored)}.")
    journey.shows(reference_to(stored))


def see_the_visit(journey: Journey) -> None:
    """The visit appears, planned, with the link to join it."""
    visit = journey.clinic.read(journey.encounter, position=journey.position)
    link = canonical.join_link(visit, canonical.ENCOUNTER_VIRTUAL_SERVICE)
    require(visit["status"] == "planned", "the visit should be planned")
    require(
        link is not None
        and link == canonical.join_link(journey.appointment, canonical.APPOINTMENT_VIRTUAL_SERVICE),
        "visit and appointment should name the same link to join",
    )
    require(
        planned_start(visit) == moment(journey.appointment["start"]), "the visit is planned for another time"
    )
    require(visit["basedOn"] == [resources.reference(journey.referral)], "the visit answers no referral")
    journey.shows(journey.encounter)
    journey.tell.link("join", str(link))


def move_the_next(journey: Journey) -> None:
    """A second visit is booked and then moved: slots change at once, the visit follows."""
    first, *_, other = find(journey, journey.partner)
    patient = resources.parameter("patient-reference", journey.patient)
    booked = journey.partner.call(
        "Appointment/$book", resources.parameter("appointment-reference", reference_to(first)), patient
    )
    appointment = only(booked)
    journey.encounter = visit_of(appointment)
    journey.clinic.read(journey.encounter, position=booked.position)
    wanted = {**appointment, **{name: other[name] for name in ("start", "end", "slot")}}
    moved = journey.partner.call("Appointment/$book", {"name": "appointment-resource", "resource": wanted})
    journey.appointment = journey.partner.read(reference_to(appointment))
    require(journey.appointment["start"] == other["start"], "the appointment has not moved")
    require(slot_of(journey, first)["status"] == "free", "the time it left should be free")
    require(slot_of(journey, other)["status"] == "busy", "the time it took should be busy")
    visit = journey.clinic.read(journey.encounter, position=moved.position)
    require(planned_start(visit) == moment(other["start"]), "the visit has not followed")
    journey.tell.note(f"{when(first)} → {when(other)}.")
    journey.shows(reference_to(journey.appointment), journey.encounter)


def cancel_the_next(journey: Journey) -> None:
    """It is cancelled: its time is offered again at once, the visit will not take place."""
    wanted = {
        **journey.appointment,
        "status": "cancelled",
        "cancelationReason": {"text": "Patient: feeling better"},
    }
    cancelled = journey.partner.call(
        "Appointment/$book", {"name": "appointment-resource", "resource": wanted}
    )
    stored = journey.partner.read(reference_to(journey.appointment))
    require(stored["status"] == "cancelled", "the appointment should be cancelled")
    require(slot_of(journey, stored)["status"] == "free", "its time should be free")
    offered = [one["start"] for one in find(journey, journey.stranger)]
    require(stored["start"] in offered, "its time should be offered again")
    visit = journey.clinic.read(journey.encounter, position=cancelled.position)
    require(visit["status"] == "cancelled", "the visit should be cancelled")
    asked = [task["encounter"]["reference"] for task in due(journey, cancelled.position)]
    require(journey.encounter not in asked, "nothing should be due for a visit that is not held")
    journey.shows(reference_to(stored), journey.encounter)
