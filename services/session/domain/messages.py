"""What session tells and keeps as Communications: alerts, news of a programme, what it heard of screenings.

Texts are codes: a client words them for its reader. https://hl7.org/fhir/R4/communication.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from telerehab.canonical import (
    ALERT_MESSAGE,
    ALERT_REMINDER,
    BASE,
    HEARD_PAIN,
    HEARD_SCREENING,
    PROGRAMME_MESSAGE,
    extension_value,
)
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from telerehab.identity import derived_id

HL7_CATEGORY = "http://terminology.hl7.org/CodeSystem/communication-category"
OUR_CATEGORY = f"{BASE}/CodeSystem/communication-category"
SAFETY_RULE = f"{BASE}/CodeSystem/safety-rule"
PROGRAMME_STATUS = "http://hl7.org/fhir/request-status"
SCREENING = f"{BASE}/CodeSystem/red-flag-screening"
LEVEL = f"{BASE}/CodeSystem/red-flag-level"

SAFETY_CATEGORIES = f"{HL7_CATEGORY}|alert,{OUR_CATEGORY}|red-flag-screening,{OUR_CATEGORY}|pain"
HEARD_SCORE = f"{BASE}/StructureDefinition/heard-score"
"""Extension (decimal): the score that was heard of."""
PROGRAMME_CATEGORY = f"{OUR_CATEGORY}|programme"
STAT, URGENT = "stat", "urgent"


def alert_message_id(detected_issue_id: str) -> str:
    """The id of the message about an alert: however often the alert is said, it is one."""
    return derived_id("Communication", "alert", detected_issue_id)


def alert_message(
    detected_issue_id: str,
    task_id: str,
    patient_id: str,
    *,
    rule_code: str,
    severity: str,
    sent: datetime,
    recipients: Iterable[str],
    encounter_id: str,
) -> JsonObject:
    """An alert for the care team, `in-progress` until a named human has acknowledged it."""
    message: JsonObject = {
        "resourceType": "Communication",
        "id": alert_message_id(detected_issue_id),
        "meta": {"profile": [ALERT_MESSAGE]},
        "status": "in-progress",
        "category": [_coded(HL7_CATEGORY, "alert")],
        "priority": STAT if severity == "high" else URGENT,
        "topic": _coded(SAFETY_RULE, rule_code),
        "about": [_reference(f"DetectedIssue/{detected_issue_id}"), _reference(f"Task/{task_id}")],
        "sent": utc(sent),
        "payload": [{"contentReference": _reference(f"DetectedIssue/{detected_issue_id}")}],
    }
    if patient_id:
        message["subject"] = _reference(f"Patient/{patient_id}")
    if encounter_id:
        message["encounter"] = _reference(f"Encounter/{encounter_id}")
    people = [_reference(recipient) for recipient in recipients]
    return {**message, "recipient": people} if people else message


def acknowledged(message: JsonObject, by: str, at: datetime) -> JsonObject:
    """The alert message, received by a named human."""
    known = values_at(message, "recipient.reference")
    recipients = [*message.get("recipient", ()), *([_reference(by)] if by and by not in known else [])]
    done = {**message, "status": "completed", "received": utc(at)}
    return {**done, "recipient": recipients} if recipients else done


def alert_reminder(message: JsonObject, escalation: int, priority: str, sent: datetime) -> JsonObject:
    """That nobody has acknowledged an alert in time, told once for each escalation to whom it was told before."""
    kept = ("subject", "encounter", "topic", "about", "recipient", "payload")
    return {
        "resourceType": "Communication",
        "id": derived_id("Communication", "reminder", message["id"], str(escalation)),
        "meta": {"profile": [ALERT_REMINDER]},
        "status": "completed",
        "category": [_coded(HL7_CATEGORY, "reminder")],
        "partOf": [_reference(f"Communication/{message['id']}")],
        "priority": STAT if priority == STAT else URGENT,
        "sent": utc(sent),
        **{name: message[name] for name in kept if name in message},
    }


def heard_screening_id(response_id: str) -> str:
    """The id of what was heard of the screening with these answers."""
    return derived_id("Communication", "red-flag-screening", response_id)


def heard_screening(
    response_id: str,
    response_version: int,
    patient_id: str,
    *,
    screening: str,
    level: str,
    screened: datetime | None,
    heard: datetime,
) -> JsonObject:
    """What was heard of a screening; entered-in-error once its answers were taken back."""
    note: JsonObject = {
        "resourceType": "Communication",
        "id": heard_screening_id(response_id),
        "meta": {"profile": [HEARD_SCREENING]},
        "status": "entered-in-error" if level == "withdrawn" else "completed",
        "category": [_coded(OUR_CATEGORY, "red-flag-screening")],
        "subject": _reference(f"Patient/{patient_id}"),
        "topic": _coded(SCREENING, screening),
        "about": [_reference(f"QuestionnaireResponse/{response_id}/_history/{response_version}")],
        "received": utc(heard),
        "reasonCode": [_coded(LEVEL, level)],
    }
    return {**note, "sent": utc(screened)} if screened else note


def heard_pain_id(observation_id: str) -> str:
    """The id of what was heard of the pain score in this Observation."""
    return derived_id("Communication", "pain", observation_id)


def heard_pain(
    observation_id: str,
    observation_version: int,
    patient_id: str,
    *,
    score: Decimal | None,
    told: datetime | None,
    heard: datetime,
) -> JsonObject:
    """What was heard of a pain score; entered-in-error where there is none, or none any more."""
    note: JsonObject = {
        "resourceType": "Communication",
        "id": heard_pain_id(observation_id),
        "meta": {"profile": [HEARD_PAIN]},
        "status": "entered-in-error" if score is None else "completed",
        "category": [_coded(OUR_CATEGORY, "pain")],
        "subject": _reference(f"Patient/{patient_id}"),
        "about": [_reference(f"Observation/{observation_id}/_history/{observation_version}")],
        "received": utc(heard),
    }
    if score is not None:
        note["extension"] = [{"url": HEARD_SCORE, "valueDecimal": score}]
    return {**note, "sent": utc(told)} if told else note


def pain(message: JsonObject) -> Decimal | None:
    """The pain score that a note tells of."""
    told = extension_value(message, HEARD_SCORE)
    return None if told is None else Decimal(told)


def programme_message(
    care_plan_id: str,
    care_plan_version: int,
    patient_id: str,
    *,
    status: str,
    sent: datetime,
    service_request_ids: Iterable[str],
    appointment_ids: Iterable[str],
) -> JsonObject:
    """News of a programme for its patient: the plan, its exercises, and the visits that are planned."""
    content = [
        f"CarePlan/{care_plan_id}",
        *(f"ServiceRequest/{id_}" for id_ in service_request_ids),
        *(f"Appointment/{id_}" for id_ in appointment_ids),
    ]
    return {
        "resourceType": "Communication",
        "id": derived_id("Communication", "programme", care_plan_id, str(care_plan_version)),
        "meta": {"profile": [PROGRAMME_MESSAGE]},
        "status": "in-progress",
        "category": [_coded(OUR_CATEGORY, "programme")],
        "priority": "routine",
        "subject": _reference(f"Patient/{patient_id}"),
        "topic": _coded(PROGRAMME_STATUS, status),
        "about": [_reference(f"CarePlan/{care_plan_id}/_history/{care_plan_version}")],
        "sent": utc(sent),
        "recipient": [_reference(f"Patient/{patient_id}")],
        "payload": [{"contentReference": _reference(reference)} for reference in content],
    }


def about(message: JsonObject) -> tuple[str, int]:
    """What the message is about, as "Type/id" and version (0 where it names none)."""
    reference, _, version = str(next(iter(values_at(message, "about.reference")), "")).partition("/_history/")
    return reference, int(version) if version.isdecimal() else 0


def topic(message: JsonObject) -> str:
    """Code of Communication.topic."""
    return str(next(iter(values_at(message, "topic.coding.code")), ""))


def reason(message: JsonObject) -> str:
    """Code of Communication.reasonCode."""
    return str(next(iter(values_at(message, "reasonCode.coding.code")), ""))


def _coded(system: str, code: str) -> JsonObject:
    return {"coding": [{"system": system, "code": code}]}


def _reference(to: str) -> JsonObject:
    return {"reference": to}
