"""Canonical URLs of this platform's own profiles, extensions and code systems, and of those it borrows."""

from __future__ import annotations

from typing import Any

from telerehab.fhir.json import JsonObject

BASE = "https://telerehab.example.org/fhir"

BOOKED_VISIT = f"{BASE}/StructureDefinition/booked-visit"
"""Profile of an Appointment that was booked here: only such a one makes a visit and events."""
VISIT = f"{BASE}/StructureDefinition/visit"
"""Profile of an Encounter that follows from a booked visit."""
PROGRAMME = f"{BASE}/StructureDefinition/exercise-programme"
"""Profile of a CarePlan that is an exercise programme prescribed here."""
HEARD_SCREENING = f"{BASE}/StructureDefinition/heard-screening"
"""Profile of a Communication that notes what was heard of a red-flag screening."""
HEARD_PAIN = f"{BASE}/StructureDefinition/heard-pain"
"""Profile of a Communication that notes what was heard of a patient's pain score."""
ALERT_MESSAGE = f"{BASE}/StructureDefinition/alert-message"
"""Profile of a Communication that brings a safety alert to the care team."""
ALERT_REMINDER = f"{BASE}/StructureDefinition/alert-reminder"
"""Profile of a Communication that says that nobody has acknowledged an alert in time."""
PROGRAMME_MESSAGE = f"{BASE}/StructureDefinition/programme-message"
"""Profile of a Communication that tells a patient that the exercise programme has changed."""
EXERCISE_LOG = f"{BASE}/StructureDefinition/exercise-log"
"""Profile of an Observation by which a patient tells how an exercise went; services/outcomes/README.md has it whole."""
PAIN_LOG = f"{BASE}/StructureDefinition/pain-log"
"""Profile of an Observation by which a patient tells of pain and symptoms, outside of any exercise."""
HOME_LOG = f"{BASE}/CodeSystem/home-log"
"""Codes of both kinds of log and of their components."""
SYMPTOM = f"{BASE}/CodeSystem/symptom"
"""Codes are the symptoms of clinical/progression/alarms.toml ("fall")."""

WEEKLY_AVAILABILITY = f"{BASE}/StructureDefinition/weekly-availability"
NOT_AVAILABLE = f"{BASE}/StructureDefinition/not-available"
SLOT_MINUTES = f"{BASE}/StructureDefinition/slot-minutes"
HOLD_EXPIRES = f"{BASE}/StructureDefinition/hold-expires"
VISIT_ENCOUNTER = f"{BASE}/StructureDefinition/visit-encounter"
VISIT_SAFETY = f"{BASE}/StructureDefinition/visit-safety"

TIMEZONE = "http://hl7.org/fhir/StructureDefinition/timezone"
APPOINTMENT_VIRTUAL_SERVICE = (
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService"
)
ENCOUNTER_VIRTUAL_SERVICE = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.virtualService"
ENCOUNTER_PLANNED_START = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedStartDate"
ENCOUNTER_PLANNED_END = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"
"""Cross-version extensions: what R5 has as elements. https://hl7.org/fhir/R4/versions.html#extensions"""


def has_profile(content: JsonObject, profile: str) -> bool:
    """Whether `content` claims `profile` in meta.profile (a |version after it does not matter)."""
    claimed = content.get("meta", {}).get("profile", ())
    if not claimed:  # as of most resources
        return False
    return any(isinstance(url, str) and url.partition("|")[0] == profile for url in claimed)


def with_profile(content: JsonObject, profile: str) -> JsonObject:
    """`content` claiming `profile` as well."""
    if has_profile(content, profile):
        return content
    meta = content.get("meta", {})
    return {**content, "meta": {**meta, "profile": [*meta.get("profile", ()), profile]}}


def extensions(content: JsonObject, url: str) -> list[JsonObject]:
    """The extensions of `content` (a resource or an element) with `url`."""
    return [extension for extension in content.get("extension", ()) if extension.get("url") == url]


def extension_value(content: JsonObject, url: str) -> Any | None:
    """The value[x] of the first extension with `url`, or None."""
    for extension in extensions(content, url):
        for name, value in extension.items():
            if name.startswith("value"):
                return value
    return None


def with_extension(content: JsonObject, extension: JsonObject) -> JsonObject:
    """`content` with `extension` in place of any with the same url."""
    others = [known for known in content.get("extension", ()) if known.get("url") != extension["url"]]
    return {**content, "extension": [*others, extension]}


def virtual_service(url: str, link: str) -> JsonObject:
    """An R5 virtualService as extension `url`: where to join by video."""
    return {"url": url, "extension": [{"url": "address", "valueUrl": link}]}


def join_link(content: JsonObject, url: str) -> str | None:
    """The join link in the virtualService extension `url`, or None."""
    for service in extensions(content, url):
        link = extension_value(service, "address")
        if link:
            return str(link)
    return None
