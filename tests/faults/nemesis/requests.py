"""The resources that a driver writes, each with the marker of its request, and what answers name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from tests.faults.nemesis.recording import SYSTEM

OWNED = ("Patient", "Observation", "Encounter", "Appointment", "ServiceRequest")
"""A type of each owner: what a transaction writes."""


def marked(resource: JsonObject, marker: str) -> JsonObject:
    return {**resource, "identifier": [{"system": SYSTEM, "value": marker}]}


def observation(marker: str, subject: str, number: int) -> JsonObject:
    """It has something for each kind of index: a token, a date, a quantity and a reference."""
    content = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Knee flexion"},
        "subject": {"reference": subject},
        "effectiveDateTime": "2001-02-03T04:05:06Z",
        "valueQuantity": {"value": number, "unit": "mm", "system": "http://unitsofmeasure.org", "code": "mm"},
    }
    return marked(content, marker)


def transaction(marker: str) -> Any:
    """A resource for each owner, the others referring to the patient."""
    patient = {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}
    resources: list[JsonObject] = [
        {"resourceType": "Patient", "name": [{"family": "Nemesis"}]},
        {**observation(marker, patient["reference"], 1)},
        {"resourceType": "Encounter", "status": "finished", "class": {"code": "VR"}, "subject": patient},
        {
            "resourceType": "Appointment",
            "status": "fulfilled",
            "start": "2020-01-01T09:00:00Z",
            "end": "2020-01-01T09:30:00Z",
            "participant": [{"actor": patient, "status": "accepted"}],
        },
        {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": patient},
    ]
    entries = [
        {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-{number + 1:012}",
            "resource": marked(resource, marker),
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for number, resource in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def appointment(marker: str, people: Sequence[str], start: datetime) -> JsonObject:
    content = {
        "resourceType": "Appointment",
        "status": "booked",
        "start": utc(start),
        "end": utc(start + timedelta(minutes=60)),
        "participant": [{"actor": {"reference": who}, "status": "accepted"} for who in people],
    }
    return marked(content, marker)


def booking(way: str, wanted: JsonObject) -> tuple[str, JsonObject]:
    """Path and body of a booking by `$book`, by a plain `create`, or in a `transaction`."""
    match way:
        case "$book":
            given = {"name": "appointment-resource", "resource": wanted}
            return "Appointment/$book", {"resourceType": "Parameters", "parameter": [given]}
        case "create":
            return "Appointment", wanted
    entry = {"resource": wanted, "request": {"method": "POST", "url": "Appointment"}}
    return "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}


def versions_in(answer: JsonObject) -> list[str]:
    """Type/id/version of what an answer says was written."""
    if answer["resourceType"] != "Bundle":
        return [f"{answer['resourceType']}/{answer['id']}/{answer['meta']['versionId']}"]
    found = []
    for entry in answer["entry"]:
        type_, id_, _, version = entry["response"]["location"].split("/")[-4:]
        found.append(f"{type_}/{id_}/{version}")
    return found


def next_page(page: JsonObject) -> str:
    """The path and query of the next page, within the base; "" where there is none."""
    links = {link["relation"]: link["url"] for link in page.get("link", ())}
    return str(links.get("next", "")).partition("/fhir/R4/")[2]
