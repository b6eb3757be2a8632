"""A visit, what may be confirmed of it, and what may have been heard of its patient, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.session.domain.messages import alert_message, heard_screening
from services.session.domain.visit import planned_visit
from services.session.domain.visit_safety import (
    CALLBACK,
    CONSENT,
    IDENTITY,
    LOCATION,
    ON_FILE,
    OVERRIDE,
    stamped,
    with_facts,
)
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource

NOW = datetime(2026, 3, 3, 9, 1, tzinfo=UTC)
CLINICIAN = "Practitioner/d1"
REASON = {"coding": [{"code": "assessed"}], "text": "Seen by me this morning; swelling is an old bruise."}
FACTS: dict[str, list[JsonObject]] = {
    IDENTITY: [{"url": "identifier", "valueCode": kind} for kind in ("name", "birth-date")],
    LOCATION: [{"url": "address", "valueAddress": {"line": ["1 Quay Street"], "country": "IE"}}],
    CALLBACK: [{"url": "telecom", "valueContactPoint": {"system": "phone", "value": "+353 1 555 0100"}}],
    CONSENT: [],
}
CONSENT_ON_FILE = {"url": ON_FILE, "valueReference": {"reference": "Consent/c1"}}


def visit(status: str = "arrived", patient: str = "p1", encounter: str = "e1") -> JsonObject:
    planned = planned_visit(
        encounter,
        "a1",
        patient,
        practitioner_ids=["d1"],
        location_id="",
        service_request_ids=[],
        join_link="",
        start=NOW,
        end=NOW + timedelta(minutes=30),
    )
    return {**planned, "status": status}


def item(name: str, at: datetime = NOW, by: str = CLINICIAN) -> list[JsonObject]:
    """One item, completely confirmed."""
    return [stamped(name, FACTS[name], by, at), *([CONSENT_ON_FILE] if name == CONSENT else [])]


def everything(at: datetime = NOW, by: str = CLINICIAN) -> list[JsonObject]:
    return [one for name in FACTS for one in item(name, at, by)]


def overridden(name: str, known: Sequence[str] = (), reason: Any = REASON, **stamp: Any) -> JsonObject:
    why = [
        {"url": "item", "valueCode": name},
        {"url": "reason", "valueCodeableConcept": reason},
        *({"url": "known", "valueReference": {"reference": one}} for one in known),
    ]
    return stamped(OVERRIDE, why, stamp.get("by", CLINICIAN), stamp.get("at", NOW))


def confirmed(*facts: JsonObject, **changed: Any) -> JsonObject:
    return {**with_facts(visit(), facts), **changed}


def screening(
    level: str = "clear", days_ago: float = 1, kind: str = "hip", response: str = "q1", version: int = 1
) -> Resource:
    """What was heard of a screening, as stored."""
    at = NOW - timedelta(days=days_ago)
    content = heard_screening(
        response, version, "p1", screening=kind, level=level, screened=at, heard=at + timedelta(seconds=1)
    )
    return stored(content, version)


def alert(issue: str = "i1", status: str = "in-progress") -> Resource:
    message = alert_message(
        issue,
        "t1",
        "p1",
        rule_code="hip.calf-swelling-tender",
        severity="high",
        sent=NOW,
        recipients=[],
        encounter_id="",
    )
    return stored({**message, "status": status})


def stored(content: JsonObject, version: int = 1) -> Resource:
    resource = Resource.of(content)
    resource.version = version
    return resource
