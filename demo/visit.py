"""The visit by video: check-in, the gate before it starts, the examination, its end."""

from __future__ import annotations

from datetime import UTC, datetime

from demo import resources
from demo.cast import Journey
from demo.client import reference_to
from demo.faithful import is_faithful
from demo.intake import due
from demo.reading import require
from telerehab.fhir import json
from telerehab.fhir.when import utc


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
    """The visit ends."""
    journey.begins_with(journey.clinic.call(f"{journey.encounter}/$finish"))
    visit = journey.clinic.read(journey.encounter)
    require(visit["status"] == "finished" and "end" in visit["period"], "the visit should be finished")
    journey.shows(journey.encounter)


def see_what_follows(journey: Journey) -> None:
    """Its appointment is fulfilled, and pain and function will be asked again."""
    appointment = journey.partner.read(reference_to(journey.appointment), position=journey.position)
    require(appointment["status"] == "fulfilled", "the appointment should be fulfilled")
    tasks = due(journey, journey.position)
    require(len(tasks) == 2, f"two questionnaires should be due, not {len(tasks)}")
    for task in tasks:
        journey.tell.note(task["description"])
    journey.shows(reference_to(appointment), *map(reference_to, tasks))
