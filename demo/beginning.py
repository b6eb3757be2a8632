"""How the story begins: the hospital sends a patient with a history, a clinic opens, a referral arrives."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

from demo import resources
from demo.app import on_day
from demo.cast import Journey
from demo.client import reference_to
from demo.faithful import is_faithful, links_of
from demo.reading import first_of, require, stored_all
from telerehab.fhir import json

HISTORY = Path(__file__).parent / "data" / "patient-history.json.gz"


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
    """A clinic opens: its physiotherapist works five mornings a week, and the hours become slots."""
    create = journey.clinic.create
    clinic = reference_to(create(resources.clinic()))
    location = reference_to(create(resources.premises(clinic)))
    journey.practitioner = reference_to(create(resources.physiotherapist()))
    service = reference_to(create(resources.healthcare_service(clinic, location)))
    schedule = reference_to(create(resources.schedule(journey.practitioner, service)))
    slots = journey.clinic.search("Slot", ("schedule", schedule), ("status", "free"), ("_count", "50"))
    require(len(slots) >= 7 * 5 * 6, f"eight weeks of five mornings should make more slots than {len(slots)}")
    journey.tell.note(f"{len(slots)} free half hours in the next eight weeks.")
    journey.shows(clinic, location, journey.practitioner, service, schedule)


def refer(journey: Journey) -> None:
    """A referral arrives from the hospital, written two weeks ago: hip pain, please assess and treat."""
    written = on_day(journey.today, 1).isoformat()
    journey.referral = reference_to(
        journey.hospital.create(resources.referral(journey.patient, journey.requester, written))
    )
    waiting = journey.clinic.search("ServiceRequest", ("patient", journey.patient), ("status", "active"))
    require(journey.referral in map(reference_to, waiting), "the clinic does not find the referral")
    journey.shows(journey.referral)
