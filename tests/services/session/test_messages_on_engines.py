"""What session tells on real engines and a real PostgreSQL: once, to whom it concerns, in whatever order it hears."""

from __future__ import annotations

import pytest

from services.session.domain.messages import alert_message_id, heard_screening_id
from telerehab.event import Lacking
from telerehab.pb.telerehab.events.v1.exercise_prescription_pb2 import PrescribedExercise, ProgrammeChanged
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import (
    SafetyAlertEscalated,
)
from tests.services.session.clinic import Clinic, acknowledgement, alert


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


@pytest.mark.parametrize("way", ["POST", "PUT", "DELETE"])
async def test_a_client_cannot_say_what_was_heard(clinic: Clinic, patient: str, way: str) -> None:
    response = await clinic.screened(patient, "urgent")
    note = await clinic.read("Communication", heard_screening_id(response))
    forged = {**note, "reasonCode": [{"coding": [{"code": "clear"}]}]}
    place = "Communication" if way == "POST" else f"Communication/{note['id']}"
    answer = await clinic.client.request(way, place, json=None if way == "DELETE" else forged)
    assert answer.status_code == 422, answer.text
    assert (await clinic.read("Communication", note["id"]))["reasonCode"] == note["reasonCode"]


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


async def test_a_screening_said_again_is_noted_once(clinic: Clinic, patient: str) -> None:
    response = await clinic.screened(patient, version=3)
    for version in (3, 2, 3):
        await clinic.screened(patient, "urgent", response=response, version=version)
    note = await clinic.read("Communication", heard_screening_id(response))
    assert note["meta"]["versionId"] == "1"
    assert note["reasonCode"][0]["coding"][0]["code"] == "clear"
    assert note["about"] == [{"reference": f"QuestionnaireResponse/{response}/_history/3"}]
