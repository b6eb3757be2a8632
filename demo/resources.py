"""What the people of the story write: the clinic's set-up, the referral, the findings, the screening."""

from __future__ import annotations

from collections.abc import Iterator

from telerehab import canonical
from telerehab.fhir.json import JsonObject, Number

CLINIC_ZONE = "America/New_York"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
FINDING = f"{canonical.BASE}/CodeSystem/examination-finding"
METHOD = f"{canonical.BASE}/CodeSystem/examination-method"
BODY_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/bodySite"
"""https://hl7.org/fhir/R4/extension-bodysite.html: the one way in R4 to state site and side as two codes."""

PHYSIOTHERAPY = {
    "coding": [{"system": SNOMED, "code": "91251008", "display": "Physical therapy procedure"}],
    "text": "Physiotherapy",
}
HIP_PAIN = {
    "coding": [{"system": SNOMED, "code": "49218002", "display": "Hip pain"}],
    "text": "Hip pain, right",
}
HIP_JOINT = {"coding": [{"system": SNOMED, "code": "24136001", "display": "Hip joint structure"}]}
RIGHT = {"coding": [{"system": SNOMED, "code": "24028007", "display": "Right"}]}


def reference(to: str) -> JsonObject:
    return {"reference": to}


def parameter(name: str, to: str) -> JsonObject:
    """A reference as a parameter of an operation."""
    return {"name": name, "valueReference": reference(to)}


def coded(system: str, code: str, display: str) -> JsonObject:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def clinic() -> JsonObject:
    return {"resourceType": "Organization", "active": True, "name": "Harbour Street Physiotherapy"}


def premises(clinic: str) -> JsonObject:
    return {
        "resourceType": "Location",
        "status": "active",
        "name": "Harbour Street Physiotherapy, video room",
        "managingOrganization": reference(clinic),
    }


def physiotherapist() -> JsonObject:
    return {
        "resourceType": "Practitioner",
        "active": True,
        "name": [{"family": "Okafor", "given": ["Adaeze"], "prefix": ["Dr."]}],
        "qualification": [{"code": {"text": "Physiotherapist"}}],
    }


def healthcare_service(clinic: str, location: str) -> JsonObject:
    return {
        "resourceType": "HealthcareService",
        "active": True,
        "providedBy": reference(clinic),
        "type": [PHYSIOTHERAPY],
        "location": [reference(location)],
        "name": "Physiotherapy by video",
    }


def schedule(practitioner: str, service: str) -> JsonObject:
    """Five mornings a week, half an hour a visit: never more than two days without any."""
    return {
        "resourceType": "Schedule",
        "extension": [
            {"url": canonical.TIMEZONE, "valueCode": CLINIC_ZONE},
            {"url": canonical.SLOT_MINUTES, "valuePositiveInt": 30},
            {
                "url": canonical.WEEKLY_AVAILABILITY,
                "extension": [
                    *({"url": "daysOfWeek", "valueCode": day} for day in ("mon", "tue", "thu", "fri", "sat")),
                    {"url": "availableStartTime", "valueTime": "09:00:00"},
                    {"url": "availableEndTime", "valueTime": "12:00:00"},
                ],
            },
        ],
        "active": True,
        "serviceType": [PHYSIOTHERAPY],
        "actor": [reference(practitioner), reference(service)],
    }


def patient() -> JsonObject:
    """Who the second story is about."""
    return {
        "resourceType": "Patient",
        "active": True,
        "name": [{"family": "Lindqvist", "given": ["Jonas"]}],
        "gender": "male",
        "birthDate": "1968-09-21",
        "telecom": [{"system": "phone", "value": "+1 555 0117", "use": "mobile"}],
    }


def referral(patient: str, requester: str, written: str) -> JsonObject:
    """`written` is the date of it."""
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "priority": "routine",
        "code": PHYSIOTHERAPY,
        "subject": reference(patient),
        "authoredOn": written,
        "requester": reference(requester),
        "reasonCode": [HIP_PAIN],
        "note": [{"text": "Right hip pain for three months, worse on stairs. Please assess and treat."}],
    }


def right_hip(patient: str) -> JsonObject:
    return {
        "resourceType": "BodyStructure",
        "active": True,
        "location": HIP_JOINT,
        "locationQualifier": [RIGHT],
        "patient": reference(patient),
    }


def hip_findings(
    patient: str, encounter: str, practitioner: str, structure: str, at: str
) -> Iterator[JsonObject]:
    """The examination by video: code, value, unit, and how it was measured, all of the right hip."""
    goniometer = coded(METHOD, "screen-goniometer", "Goniometer on the screen")
    observed = coded(METHOD, "video-visual", "Seen on video")
    told = coded(METHOD, "self-report", "Told by the patient")
    measured = (
        (coded(FINDING, "hip-flexion-passive", "Hip flexion, passive"), "95.0", "°", "deg", goniometer),
        (coded(FINDING, "hip-internal-rotation", "Hip internal rotation"), "17.50", "°", "deg", goniometer),
        (coded(FINDING, "single-leg-stance", "Single-leg stance"), "12.4", "s", "s", observed),
        (coded(LOINC, "72514-3", "Pain severity - 0-10 verbal numeric rating"), "6", "/10", "{score}", told),
    )
    for code, value, unit, ucum, method in measured:
        yield {
            "resourceType": "Observation",
            "extension": [{"url": BODY_STRUCTURE, "valueReference": reference(structure)}],
            "status": "final",
            "category": [coded(CATEGORY, "exam", "Exam")],
            "code": code,
            "subject": reference(patient),
            "encounter": reference(encounter),
            "effectiveDateTime": at,
            "performer": [reference(practitioner)],
            "valueQuantity": {"value": Number(value), "unit": unit, "system": UCUM, "code": ucum},
            "bodySite": {**HIP_JOINT, "text": "Right hip"},
            "method": method,
        }


def consent(patient: str, at: str) -> JsonObject:
    """The patient's consent to be treated by video."""
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "treatment", "Treatment"),
        "category": [coded(LOINC, "64292-6", "Release of information consent")],
        "patient": reference(patient),
        "dateTime": at,
        "policyRule": {"text": "Treatment by video: its limits, privacy, recording, the right to stop, cost"},
    }


def safety(practitioner: str, consent: str) -> list[JsonObject]:
    """What the physiotherapist asks before the visit starts, and is answered."""
    home = {"line": ["12 Elm Street"], "city": "Boston", "state": "MA", "country": "US"}
    return [
        parameter("practitioner", practitioner),
        {"name": "identifier", "valueCode": "name"},
        {"name": "identifier", "valueCode": "birth-date"},
        {"name": "address", "valueAddress": home},
        {"name": "callback", "valueContactPoint": {"system": "phone", "value": "+1 555 0100"}},
        parameter("consent", consent),
    ]
