"""All services at work, with events that session hears as its consumer would have it hear them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import Message

from telerehab.event import timestamp
from telerehab.events.database import Database
from telerehab.fhir.json import JsonObject
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import (
    RedFlagScreened,
    SafetyAlertAcknowledged,
    SafetyAlertRaised,
)
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from tests.services.deployment import Deployment
from tests.services.hearing import hear
from tests.services.session.visits import REASON


class Clinic:
    """One deployment; `hear` has session's handlers take an event, as its consumer would."""

    def __init__(self, running: Deployment, database: Database) -> None:
        self.client = running.client
        self.engine = running.engines["session"]
        self.database = database

    async def hear(self, message: Message, times: int = 1) -> None:
        await hear(self.engine, self.database, message, times)

    async def visit(self, patient: str, *, days: float = 0, practitioner: str = "d1") -> str:
        """A booked visit, planned `days` from now."""
        start = datetime.now(UTC) + timedelta(days=days)
        encounter = new_id()
        booked = AppointmentBooked(
            appointment_id=new_id(),
            appointment_version=1,
            encounter_id=encounter,
            patient_id=patient,
            practitioner_ids=[practitioner],
            start=timestamp(start),
            end=timestamp(start + timedelta(minutes=30)),
        )
        await self.hear(booked)
        return encounter

    async def screened(
        self, patient: str, level: str = "clear", *, response: str = "", version: int = 1, days_ago: float = 0
    ) -> str:
        response = response or new_id()
        said = RedFlagScreened(
            questionnaire_response_id=response,
            questionnaire_response_version=version,
            patient_id=patient,
            screening="hip",
            level=level,
            screened=timestamp(datetime.now(UTC) - timedelta(days=days_ago)),
        )
        await self.hear(said)
        return response

    async def practitioner(self, id_: str, **changed: Any) -> None:
        content = {"resourceType": "Practitioner", "id": id_, **changed}
        response = await self.client.put(f"Practitioner/{id_}", json=content)
        assert response.status_code in (200, 201), response.text

    async def consent(self, whose: str, **changed: Any) -> str:
        content = {
            "resourceType": "Consent",
            "status": "active",
            "scope": {"text": "Telehealth"},
            "category": [{"text": "Telehealth"}],
            "policyRule": {"text": "Policy of the clinic"},
            "patient": {"reference": f"Patient/{whose}"},
            **changed,
        }
        response = await self.client.post("Consent", json=content)
        assert response.status_code == 201, response.text
        return f"Consent/{response.json()['id']}"

    async def operate(self, encounter: str, name: str, *parameters: JsonObject) -> Any:
        body = {"resourceType": "Parameters", "parameter": list(parameters)} if parameters else None
        return await self.client.post(f"Encounter/{encounter}/${name}", json=body)

    async def confirm(self, encounter: str, patient: str) -> None:
        consent = await self.consent(patient)
        answer = await self.operate(encounter, "confirm-safety", *confirmation(consent))
        assert answer.status_code == 200, answer.text

    async def ready(self, patient: str) -> str:
        """A visit of which everything is confirmed, whose patient has come; what was heard is another matter."""
        encounter = await self.visit(patient)
        await self.confirm(encounter, patient)
        assert (await self.operate(encounter, "check-in")).status_code == 200
        return encounter

    async def read(self, type_: str, id_: str) -> JsonObject:
        response = await self.client.get(f"{type_}/{id_}")
        assert response.status_code == 200, response.text
        return dict(response.json())


def confirmation(consent: str) -> list[JsonObject]:
    return [
        BY,
        {"name": "identifier", "valueCode": "name"},
        {"name": "identifier", "valueCode": "birth-date"},
        {"name": "address", "valueAddress": {"line": ["1 Quay Street"], "country": "IE"}},
        {"name": "callback", "valueContactPoint": {"system": "phone", "value": "+353 1 555 0100"}},
        {"name": "consent", "valueReference": {"reference": consent}},
    ]


BY = {"name": "practitioner", "valueReference": {"reference": "Practitioner/d1"}}
RED_FLAGS = {
    "name": "override",
    "part": [{"name": "item", "valueCode": "red-flags"}, {"name": "reason", "valueCodeableConcept": REASON}],
}


def alert(patient: str, issue: str, severity: str = "high") -> SafetyAlertRaised:
    return SafetyAlertRaised(
        detected_issue_id=issue,
        detected_issue_version=1,
        task_id="t1",
        patient_id=patient,
        severity=severity,
        rule_code="hip.calf-swelling-tender",
        due=timestamp(datetime.now(UTC)),
        source="QuestionnaireResponse/q1",
    )


def acknowledgement(patient: str, issue: str) -> SafetyAlertAcknowledged:
    return SafetyAlertAcknowledged(
        detected_issue_id=issue,
        task_id="t1",
        task_version=2,
        patient_id=patient,
        acknowledged_by="Practitioner/d9",
        acknowledged=timestamp(datetime.now(UTC)),
    )


def refused(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {issue["expression"][0] for issue in answer.json()["issue"]}
