"""Alerts, screenings and the gate on real engines and a real PostgreSQL: what is heard decides, in whatever order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.message import Message

from services.session.domain.gate import element
from services.session.domain.messages import alert_message_id, heard_screening_id
from telerehab.event import Lacking, timestamp
from telerehab.events.cloud_event import record_of
from telerehab.events.database import Database
from telerehab.events.handling import take
from telerehab.events.inbox import Inbox
from telerehab.fhir.json import JsonObject
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1.exercise_prescription_pb2 import PrescribedExercise, ProgrammeChanged
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import (
    RedFlagScreened,
    SafetyAlertAcknowledged,
    SafetyAlertEscalated,
    SafetyAlertRaised,
)
from telerehab.pb.telerehab.events.v1.records_pb2 import PatientMerged
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked
from tests.services.deployment import Deployment, deployed
from tests.services.session.visits import REASON


class Clinic:
    """One deployment; `hear` has session's handlers take an event, as its consumer would."""

    def __init__(self, running: Deployment, database: Database) -> None:
        self.client = running.client
        self.engine = running.engines["session"]
        self.inbox = Inbox(database, "session")

    async def hear(self, message: Message, times: int = 1) -> None:
        row = {
            "event_id": new_id(),
            "type": message.DESCRIPTOR.full_name,
            "topic": "t",
            "subject": "Patient/x",
            "time": datetime.now(UTC),
            "key": b"k",
            "payload": message.SerializeToString(),
            "traceparent": "",
            "cause": "",
            "depth": 0,
        }
        for _ in range(times):
            for handler in self.engine.service.handlers_of(message.DESCRIPTOR.full_name):
                await take(self.engine, self.inbox, handler, record_of(row, "outcomes"))

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


@pytest.fixture(scope="module")
async def clinic(new_database: Any, deployment_template: str) -> AsyncIterator[Clinic]:
    dsn = await new_database(template=deployment_template)
    database = await Database(dsn).open()
    async with deployed(dsn, "direct") as running:
        yield Clinic(running, database)
    await database.close()


@pytest.fixture
def patient() -> str:
    return new_id()


async def test_an_alert_is_an_urgent_message_once(clinic: Clinic, patient: str) -> None:
    await clinic.visit(patient, days=9, practitioner="later")
    await clinic.visit(patient, days=2, practitioner="next")
    await clinic.hear(alert(patient, f"i-{patient}"), times=2)
    await clinic.hear(alert(patient, f"i-{patient}"))
    found = (await clinic.client.get("Communication", params={"subject": f"Patient/{patient}"})).json()
    (message,) = [entry["resource"] for entry in found["entry"]]
    assert message["id"] == alert_message_id(f"i-{patient}")
    assert message["meta"]["versionId"] == "1"
    assert (message["status"], message["priority"]) == ("in-progress", "stat")
    assert message["category"][0]["coding"][0]["code"] == "alert"
    assert message["about"] == [{"reference": f"DetectedIssue/i-{patient}"}, {"reference": "Task/t1"}]
    assert message["recipient"] == [{"reference": "Practitioner/next"}]
    assert "encounter" not in message


async def test_an_alert_about_nobody_known_is_a_message_all_the_same(clinic: Clinic, patient: str) -> None:
    await clinic.hear(alert("", f"i-{patient}", "moderate"))
    message = await clinic.read("Communication", alert_message_id(f"i-{patient}"))
    assert message["priority"] == "urgent"
    assert "recipient" not in message
    assert "subject" not in message


async def test_an_alert_during_a_visit_names_the_visit(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient)
    assert (await clinic.operate(encounter, "start")).status_code == 200
    await clinic.visit(patient, days=1, practitioner="next")
    await clinic.hear(alert(patient, f"i-{patient}"))
    message = await clinic.read("Communication", alert_message_id(f"i-{patient}"))
    assert message["encounter"] == {"reference": f"Encounter/{encounter}"}
    assert message["recipient"] == [{"reference": "Practitioner/d1"}]


async def test_without_a_visit_to_come_the_last_one_says_whose_patient_it_is(
    clinic: Clinic, patient: str
) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient)
    for operation in ("start", "finish"):
        assert (await clinic.operate(encounter, operation)).status_code == 200
    await clinic.hear(alert(patient, f"i-{patient}"))
    message = await clinic.read("Communication", alert_message_id(f"i-{patient}"))
    assert message["recipient"] == [{"reference": "Practitioner/d1"}]
    assert "encounter" not in message


async def test_an_acknowledgement_closes_the_alert_and_waits_for_it(clinic: Clinic, patient: str) -> None:
    issue = f"i-{patient}"
    with pytest.raises(Lacking):
        await clinic.hear(acknowledgement(patient, issue))
    await clinic.hear(alert(patient, issue))
    await clinic.hear(acknowledgement(patient, issue), times=2)
    message = await clinic.read("Communication", alert_message_id(issue))
    assert message["status"] == "completed"
    assert {"reference": "Practitioner/d9"} in message["recipient"]
    await clinic.hear(alert(patient, issue))
    assert (await clinic.read("Communication", alert_message_id(issue)))["status"] == "completed"


async def test_each_escalation_reminds_once_until_somebody_has_it(clinic: Clinic, patient: str) -> None:
    issue = f"i-{patient}"

    def escalated(escalation: int) -> SafetyAlertEscalated:
        return SafetyAlertEscalated(
            detected_issue_id=issue, task_id="t1", patient_id=patient, escalation=escalation, priority="stat"
        )

    with pytest.raises(Lacking):
        await clinic.hear(escalated(1))
    await clinic.hear(alert(patient, issue, "moderate"))
    await clinic.hear(escalated(1), times=2)
    await clinic.hear(escalated(1))
    await clinic.hear(escalated(2))
    await clinic.hear(acknowledgement(patient, issue))
    await clinic.hear(escalated(3))
    asked = {"subject": f"Patient/{patient}", "category": "reminder"}
    found = (await clinic.client.get("Communication", params=asked)).json()
    reminders = [entry["resource"] for entry in found["entry"]]
    assert len(reminders) == 2
    assert {one["priority"] for one in reminders} == {"stat"}
    assert reminders[0]["partOf"] == [{"reference": f"Communication/{alert_message_id(issue)}"}]


async def test_an_alert_about_either_id_of_a_merged_patient_stops_the_visit(clinic: Clinic) -> None:
    old, kept = new_id(), new_id()
    encounter = await clinic.ready(kept)
    await clinic.screened(kept)
    await clinic.hear(alert(old, f"i-{old}"))
    await clinic.hear(PatientMerged(patient_id=old, patient_version=2, into_patient_id=kept))
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    await clinic.hear(acknowledgement(old, f"i-{old}"))
    assert (await clinic.operate(encounter, "start")).status_code == 200


async def test_unknown_red_flags_keep_a_visit_from_starting(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    await clinic.screened(patient)
    started = await clinic.operate(encounter, "start")
    assert started.status_code == 200, started.text


async def test_everything_that_is_missing_is_told_in_one_answer(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.visit(patient)
    await clinic.operate(encounter, "check-in")
    told = refused(await clinic.operate(encounter, "start"))
    assert {element(item) for item in ("identity", "location", "callback", "consent", "red-flags")} <= told


async def test_a_plain_update_is_asked_the_same(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    visit = await clinic.read("Encounter", encounter)
    wanted = {**visit, "status": "in-progress", "period": {"start": datetime.now(UTC).isoformat()}}
    put = await clinic.client.put(f"Encounter/{encounter}", json=wanted)
    assert refused(put) == {element("red-flags")}
    stripped = {**visit, "meta": {"profile": ["http://other.example/visit"]}}
    assert refused(await clinic.client.put(f"Encounter/{encounter}", json=stripped)) == {
        "Encounter.meta.profile"
    }
    await clinic.screened(patient)
    assert (await clinic.client.put(f"Encounter/{encounter}", json=wanted)).status_code == 200


async def test_what_is_missing_can_be_asked_without_starting(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    visit = await clinic.read("Encounter", encounter)
    wanted = {**visit, "status": "in-progress", "period": {"start": datetime.now(UTC).isoformat()}}
    answer = await clinic.client.post(f"Encounter/{encounter}/$validate?mode=update", json=wanted)
    assert [issue["expression"] for issue in answer.json()["issue"]] == [[element("red-flags")]]
    assert (await clinic.read("Encounter", encounter))["status"] == "arrived"


async def test_a_hospitals_own_encounter_starts_as_it_likes(clinic: Clinic, patient: str) -> None:
    theirs = {
        "resourceType": "Encounter",
        "id": new_id(),
        "status": "arrived",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{patient}"},
    }
    for status in ("arrived", "in-progress"):
        put = await clinic.client.put(f"Encounter/{theirs['id']}", json={**theirs, "status": status})
        assert put.status_code in (200, 201), put.text


@pytest.mark.parametrize("level", ["urgent", "emergency", "refer", "incomplete"])
async def test_a_screening_that_is_not_clear_stops_the_visit(
    clinic: Clinic, patient: str, level: str
) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient, days_ago=1)
    await clinic.screened(patient, level)
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}


async def test_amended_answers_count_in_their_last_version_whatever_the_order(
    clinic: Clinic, patient: str
) -> None:
    encounter = await clinic.ready(patient)
    response = await clinic.screened(patient, "urgent", version=2)
    await clinic.screened(patient, "clear", response=response, version=1)
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    await clinic.screened(patient, "withdrawn", response=response, version=4)
    await clinic.screened(patient, "clear", response=response, version=3)
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    await clinic.screened(patient, "clear", response=response, version=5)
    assert (await clinic.operate(encounter, "start")).status_code == 200


async def test_a_screening_corrected_to_another_patient_counts_for_that_one(clinic: Clinic) -> None:
    wrong, right = new_id(), new_id()
    response = await clinic.screened(wrong)
    await clinic.screened(right, response=response, version=2)
    assert refused(await clinic.operate(await clinic.ready(wrong), "start")) == {element("red-flags")}
    assert (await clinic.operate(await clinic.ready(right), "start")).status_code == 200
    await clinic.screened("", response=response, version=3)
    assert refused(await clinic.operate(await clinic.ready(right), "start")) == {element("red-flags")}


async def test_an_alert_stops_the_visit_until_it_is_acknowledged(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient)
    await clinic.hear(alert(patient, f"i-{patient}"))
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    await clinic.hear(acknowledgement(patient, f"i-{patient}"))
    assert (await clinic.operate(encounter, "start")).status_code == 200


async def test_an_override_is_in_the_record_and_covers_nothing_that_comes_later(
    clinic: Clinic, patient: str
) -> None:
    encounter = await clinic.ready(patient)
    await clinic.hear(alert(patient, f"i-{patient}"))
    decided = await clinic.operate(encounter, "confirm-safety", BY, RED_FLAGS)
    assert decided.status_code == 200, decided.text
    text = decided.text
    assert REASON["text"] in text
    assert f"Communication/{alert_message_id(f'i-{patient}')}/_history/1" in text
    await clinic.hear(alert(patient, f"j-{patient}"))
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}
    assert (await clinic.operate(encounter, "confirm-safety", BY, RED_FLAGS)).status_code == 200
    assert (await clinic.operate(encounter, "start")).status_code == 200


async def test_an_alert_that_comes_while_the_visit_starts_is_not_lost(clinic: Clinic) -> None:
    for _ in range(8):
        patient = new_id()
        encounter = await clinic.ready(patient)
        await clinic.screened(patient)
        started, _ = await asyncio.gather(
            clinic.operate(encounter, "start"), clinic.hear(alert(patient, f"i-{patient}"))
        )
        message = await clinic.read("Communication", alert_message_id(f"i-{patient}"))
        assert ("encounter" in message) is (started.status_code == 200), (
            "either stopped, or told to the visit"
        )


@pytest.mark.parametrize("way", ["POST", "PUT", "DELETE"])
async def test_a_client_cannot_say_what_was_heard(clinic: Clinic, patient: str, way: str) -> None:
    response = await clinic.screened(patient, "urgent")
    note = await clinic.read("Communication", heard_screening_id(response))
    forged = {**note, "reasonCode": [{"coding": [{"code": "clear"}]}]}
    place = "Communication" if way == "POST" else f"Communication/{note['id']}"
    answer = await clinic.client.request(way, place, json=None if way == "DELETE" else forged)
    assert answer.status_code == 422, answer.text
    assert (await clinic.read("Communication", note["id"]))["reasonCode"] == note["reasonCode"]


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ([], 400),
        ([BY], 400),
        ([{"name": "identifier", "valueCode": "name"}], 400),
        ([BY, {"name": "identifier", "valueCode": "shoe-size"}], 400),
        ([BY, {"name": "identifier", "valueString": "name"}], 400),
        ([BY, {"name": "adress", "valueAddress": {"country": "IE"}}], 400),
        ([{"name": "practitioner", "valueReference": {"reference": "Patient/1"}}, RED_FLAGS], 400),
        ([BY, {"name": "override", "part": [{"name": "item", "valueCode": "red-flags"}]}], 400),
        (
            [
                BY,
                {
                    "name": "override",
                    "part": [
                        {"name": "item", "valueCode": "weather"},
                        {"name": "reason", "valueCodeableConcept": REASON},
                    ],
                },
            ],
            400,
        ),
        (
            [
                BY,
                {
                    "name": "override",
                    "part": [
                        {"name": "item", "valueCode": "red-flags"},
                        {"name": "reason", "valueCodeableConcept": {"text": "because"}},
                    ],
                },
            ],
            422,
        ),
        ([BY, {"name": "consent", "valueReference": {"reference": "Consent/nowhere"}}], 422),
        ([BY, {"name": "consent", "valueReference": {"reference": "Patient/nowhere"}}], 422),
    ],
)
async def test_bad_confirmations_are_refused(
    clinic: Clinic, patient: str, parameters: list[JsonObject], status: int
) -> None:
    encounter = await clinic.visit(patient)
    answer = await clinic.operate(encounter, "confirm-safety", *parameters)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert (await clinic.read("Encounter", encounter))["meta"]["versionId"] == "1"


@pytest.mark.parametrize(
    "consent",
    [
        {"status": "inactive"},
        {"provision": {"type": "deny"}},
        {"provision": {"period": {"end": "2020-01-01T00:00:00Z"}}},
        {"patient": {"reference": "Patient/somebody-else"}},
    ],
    ids=["inactive", "denied", "ended", "another patient's"],
)
async def test_a_consent_that_does_not_hold_is_refused(
    clinic: Clinic, patient: str, consent: JsonObject
) -> None:
    encounter = await clinic.visit(patient)
    named = await clinic.consent(patient, **consent)
    answer = await clinic.operate(encounter, "confirm-safety", *confirmation(named))
    assert refused(answer) == {element("consent-on-file")}


async def test_nothing_is_confirmed_of_a_visit_that_has_started(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient)
    await clinic.operate(encounter, "start")
    assert refused(await clinic.operate(encounter, "confirm-safety", BY, RED_FLAGS)) == {"Encounter.status"}


async def test_the_patient_is_told_of_each_change_of_the_programme_once(clinic: Clinic, patient: str) -> None:
    await clinic.visit(patient, days=3)
    programme = f"c-{patient}"

    def changed(version: int, status: str = "active") -> ProgrammeChanged:
        return ProgrammeChanged(
            care_plan_id=programme,
            care_plan_version=version,
            patient_id=patient,
            status=status,
            exercises=[PrescribedExercise(service_request_id="s1")],
        )

    await clinic.hear(changed(2), times=2)
    await clinic.hear(changed(3, "on-hold"))
    await clinic.hear(changed(2))
    await clinic.hear(changed(3, "on-hold"))
    found = (await clinic.client.get("Communication", params={"subject": f"Patient/{patient}"})).json()
    told = {one["resource"]["topic"]["coding"][0]["code"]: one["resource"] for one in found["entry"]}
    assert len(found["entry"]) == 2
    assert told["active"]["status"] == "stopped", "overtaken before it was seen"
    assert told["on-hold"]["status"] == "in-progress"
    listed = [part["contentReference"]["reference"].partition("/")[0] for part in told["active"]["payload"]]
    assert listed == ["CarePlan", "ServiceRequest", "Appointment"]
    seen = {**told["on-hold"], "status": "completed", "received": "2026-03-03T10:00:00Z"}
    put = await clinic.client.put(f"Communication/{seen['id']}", json=seen)
    assert put.status_code == 200, put.text
