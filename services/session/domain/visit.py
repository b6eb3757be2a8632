"""A visit as an Encounter: planned from a booking, moved with it, given its real times when it is held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from telerehab.canonical import (
    ENCOUNTER_PLANNED_END,
    ENCOUNTER_PLANNED_START,
    ENCOUNTER_VIRTUAL_SERVICE,
    VISIT,
    extension_value,
    virtual_service,
    with_extension,
)
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment, utc
from telerehab.references import id_at, ids_at

VIRTUAL = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR", "display": "virtual"}


def planned_visit(
    encounter_id: str,
    appointment_id: str,
    patient_id: str,
    *,
    practitioner_ids: Iterable[str],
    location_id: str,
    service_request_ids: Iterable[str],
    join_link: str,
    start: datetime,
    end: datetime,
) -> JsonObject:
    """The Encounter of a visit that has been booked and not begun; it has no period yet, only planned times."""
    encounter: JsonObject = {
        "resourceType": "Encounter",
        "id": encounter_id,
        "meta": {"profile": [VISIT]},
        "status": "planned",
        "class": VIRTUAL,
        "subject": {"reference": f"Patient/{patient_id}"},
        "appointment": [{"reference": f"Appointment/{appointment_id}"}],
    }
    requests = [{"reference": f"ServiceRequest/{id_}"} for id_ in service_request_ids]
    if requests:
        encounter["basedOn"] = requests
    moved = moved_visit(
        encounter, practitioner_ids=practitioner_ids, location_id=location_id, start=start, end=end
    )
    return (
        with_extension(moved, virtual_service(ENCOUNTER_VIRTUAL_SERVICE, join_link)) if join_link else moved
    )


def moved_visit(
    encounter: JsonObject,
    *,
    practitioner_ids: Iterable[str],
    location_id: str,
    start: datetime,
    end: datetime,
) -> JsonObject:
    """The visit at another time, with other people, or at another place."""
    moved = with_extension(encounter, {"url": ENCOUNTER_PLANNED_START, "valueDateTime": utc(start)})
    moved = with_extension(moved, {"url": ENCOUNTER_PLANNED_END, "valueDateTime": utc(end)})
    people = [{"individual": {"reference": f"Practitioner/{id_}"}} for id_ in practitioner_ids]
    changed = {name: value for name, value in moved.items() if name not in ("participant", "location")}
    if people:
        changed["participant"] = people
    if location_id:
        changed["location"] = [{"location": {"reference": f"Location/{location_id}"}}]
    return changed


def at_status(encounter: JsonObject, status: str, now: datetime) -> JsonObject:
    """The visit in another status; beginning and finishing set the ends of its period, arriving notes when."""
    changed = {**encounter, "status": status}
    period = dict(encounter.get("period", {}))
    if status == "in-progress":
        period.setdefault("start", utc(now))
    elif status == "finished":
        period.setdefault("end", utc(now))
    if period:
        changed["period"] = period
    return changed


def planned_start(encounter: JsonObject) -> datetime:
    """When the visit is to begin, or began; long ago where that is not known."""
    begun = encounter.get("period", {}).get("start")
    planned = extension_value(encounter, ENCOUNTER_PLANNED_START)
    return moment(begun) or moment(planned) or datetime.min.replace(tzinfo=UTC)


def appointment_id(encounter: JsonObject) -> str:
    """Id of the appointment the visit was booked as, or empty."""
    return id_at(encounter, "appointment", "Appointment")


def patient_id(encounter: JsonObject) -> str:
    """Id of the patient, or empty."""
    return id_at(encounter, "subject", "Patient")


def practitioner_ids(encounter: JsonObject) -> list[str]:
    """Ids of the practitioners taking part."""
    return ids_at(encounter, "participant.individual", "Practitioner")


def service_request_ids(encounter: JsonObject) -> list[str]:
    """Ids of the referrals the visit answers."""
    return ids_at(encounter, "basedOn", "ServiceRequest")
