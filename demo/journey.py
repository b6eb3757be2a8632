"""The care journey, step by step: a patient is sent, referred, booked, met by video, examined, and read back.

Every step reads back what it did. Nothing waits by the clock: where an effect follows by an event, the read presents
the position that the write answered.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from demo import resources
from demo.cast import Journey
from demo.client import reference_to
from demo.faithful import is_faithful, links_of
from demo.gate import pass_the_gate, raise_a_red_flag
from demo.reading import (
    find,
    first_of,
    held_until,
    in_order,
    only,
    planned_start,
    require,
    slot_of,
    stored_all,
    visit_of,
    when,
    without_version,
)
from telerehab import canonical
from telerehab.fhir import json
from telerehab.fhir.when import moment, utc

HISTORY = Path(__file__).parent / "data" / "patient-history.json.gz"
OF_NO_PATIENT = frozenset(
    {"Organization", "Practitioner", "Location", "HealthcareService", "Schedule", "Slot"}
)


def play(journey: Journey) -> None:
    """All steps, to the end or to the first that fails (its exception is raised)."""
    journey.tell.title("A care journey, from referral to read-back", journey.base)
    try:
        for step in STEPS:
            with journey.tell.step((step.__doc__ or "").partition("\n")[0]):
                step(journey)
    finally:
        journey.close()
    requests = sum(party.requests for party in journey.parties)
    journey.tell.summary(
        f"{requests} requests, {len(journey.made)} versions of resources, every one found again."
    )


def send_history(journey: Journey) -> None:
    """The hospital sends a patient with a whole history, as one transaction."""
    bundle = json.parse_object(gzip.decompress(HISTORY.read_bytes()))
    before = journey.events() if journey.events else Counter[str]()
    response = journey.hospital.ask("POST", "", bundle).content
    links = links_of(bundle, response)
    journey.began = min(entry["response"]["lastModified"] for entry in response["entry"])
    stored = stored_all(journey.hospital, links.values())
    for entry in bundle["entry"]:
        reference = links[entry["fullUrl"]]
        require(
            is_faithful(entry["resource"], stored[reference], links),
            f"{reference} came back otherwise than sent",
        )
    journey.patient = first_of(links.values(), "Patient")
    journey.requester = first_of(links.values(), "Practitioner")
    told = f"{len(stored)} resources, each stored as it was sent, to the text of its numbers."
    if journey.events:
        said = journey.events() - before
        require(
            set(said) == {"ResourceChanged"}, f"a history should only be noted, but it caused {dict(said)}"
        )
        told += (
            f" {said['ResourceChanged']} events, all of them ResourceChanged: the past is not a transition."
        )
    journey.tell.note(told)
    journey.shows(journey.patient)


def open_clinic(journey: Journey) -> None:
    """A clinic opens: its physiotherapist works four mornings a week, and the hours become slots."""
    create = journey.clinic.create
    clinic = reference_to(create(resources.clinic()))
    location = reference_to(create(resources.premises(clinic)))
    journey.practitioner = reference_to(create(resources.physiotherapist()))
    service = reference_to(create(resources.healthcare_service(clinic, location)))
    schedule = reference_to(create(resources.schedule(journey.practitioner, service)))
    slots = journey.clinic.search("Slot", ("schedule", schedule), ("status", "free"), ("_count", "50"))
    require(len(slots) >= 7 * 4 * 6, f"eight weeks of four mornings should make more slots than {len(slots)}")
    journey.tell.note(f"{len(slots)} free half hours in the next eight weeks.")
    journey.shows(clinic, location, journey.practitioner, service, schedule)


def refer(journey: Journey) -> None:
    """A referral arrives from the hospital: hip pain, please assess and treat."""
    journey.referral = reference_to(
        journey.hospital.create(resources.referral(journey.patient, journey.requester))
    )
    waiting = journey.clinic.search("ServiceRequest", ("patient", journey.patient), ("status", "active"))
    require(journey.referral in map(reference_to, waiting), "the clinic does not find the referral")
    journey.shows(journey.referral)


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
    journey.position = answer.position
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


def check_in(journey: Journey) -> None:
    """The patient checks in; to finish the visit before it has begun is refused."""
    arrived = journey.partner.call(f"{journey.encounter}/$check-in")
    require(arrived.content["status"] == "arrived", "the patient should have arrived")
    appointment = journey.partner.read(reference_to(journey.appointment), position=arrived.position)
    require(appointment["status"] == "checked-in", "the appointment should be checked in")
    refused = journey.clinic.call(f"{journey.encounter}/$finish", expect=422)
    journey.tell.note(f"422 {refused.content['issue'][0]['diagnostics']}")
    journey.shows(journey.encounter)


def start(journey: Journey) -> None:
    """Nothing is missing any more: the visit starts."""
    journey.clinic.call(f"{journey.encounter}/$start")
    visit = journey.clinic.read(journey.encounter)
    require(visit["status"] == "in-progress" and "start" in visit["period"], "the visit should have started")
    journey.shows(journey.encounter)


def examine(journey: Journey) -> None:
    """The physiotherapist examines the right hip by video; the findings stand in the visit."""
    structure = reference_to(journey.clinic.create(resources.right_hip(journey.patient)))
    findings = [
        (finding, journey.clinic.create(finding))
        for finding in resources.hip_findings(
            journey.patient, journey.encounter, journey.practitioner, structure, utc(datetime.now(UTC))
        )
    ]
    found = {
        reference_to(one): one
        for one in journey.clinic.search("Observation", ("encounter", journey.encounter))
    }
    require(set(found) == {reference_to(stored) for _, stored in findings}, "the visit shows other findings")
    for sent, stored in findings:
        measured = stored["valueQuantity"]
        require(is_faithful(sent, found[reference_to(stored)], {}), "a finding came back otherwise than sent")
        text = json.dump(measured["value"]).decode()
        journey.tell.note(
            f"{stored['code']['text']:<45} {text:>6} {measured['unit']:<4} {stored['method']['text']}"
        )
    journey.shows(structure, *found)


def finish(journey: Journey) -> None:
    """The visit ends, and its appointment is fulfilled."""
    finished = journey.clinic.call(f"{journey.encounter}/$finish")
    visit = journey.clinic.read(journey.encounter)
    require(visit["status"] == "finished" and "end" in visit["period"], "the visit should be finished")
    appointment = journey.partner.read(reference_to(journey.appointment), position=finished.position)
    require(appointment["status"] == "fulfilled", "the appointment should be fulfilled")
    journey.shows(journey.encounter, reference_to(appointment))


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
    journey.shows(reference_to(stored), journey.encounter)


def read_everything(journey: Journey) -> None:
    """The hospital reads all of the patient back, page by page."""
    path = f"{journey.patient}/$everything?_count=50"
    everything = {reference_to(one): one for one in journey.hospital.pages(path)}
    ours = {
        reference
        for reference in map(without_version, journey.made)
        if reference.partition("/")[0] not in OF_NO_PATIENT
    }
    lacking = sorted(ours - everything.keys())
    require(not lacking, f"{len(lacking)} resources are lacking, such as {lacking[:3]}")
    journey.tell.note(f"{len(everything)} resources, among them all {len(ours)} of this patient.")
    journey.tell.link("everything", f"{journey.base}/{path}")


def poll(journey: Journey) -> None:
    """The hospital polls for what has changed since it began, and misses nothing."""
    made = journey.made
    types = sorted({version.partition("/")[0] for version in made})
    current, versions = set(), set()
    for type_ in types:
        since = ("_lastUpdated", f"ge{journey.began}"), ("_sort", "_lastUpdated"), ("_count", "100")
        found = journey.hospital.search(type_, *since)
        require(in_order(found), f"{type_} is not in order")
        current |= {reference_to(one) for one in found}
        history = journey.hospital.pages(f"{type_}/_history?_since={journey.began}&_count=100")
        versions |= {f"{reference_to(one)}/_history/{one['meta']['versionId']}" for one in history}
    missed = sorted({without_version(version) for version in made} - current)
    require(not missed, f"polling missed {len(missed)} resources, such as {missed[:3]}")
    gone = sorted(made - versions)
    require(not gone, f"the history misses {len(gone)} versions, such as {gone[:3]}")
    journey.tell.note(f"{len(current)} resources of {len(types)} types, {len(versions)} versions.")
    journey.tell.link("poll", f"{journey.base}/Encounter?_lastUpdated=ge{journey.began}&_sort=_lastUpdated")


STEPS: Sequence[Callable[[Journey], None]] = (
    send_history,
    open_clinic,
    refer,
    find_and_hold,
    refuse_the_second,
    book,
    see_the_visit,
    check_in,
    pass_the_gate,
    start,
    examine,
    finish,
    move_the_next,
    cancel_the_next,
    raise_a_red_flag,
    read_everything,
    poll,
)
