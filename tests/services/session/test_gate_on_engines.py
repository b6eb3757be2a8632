"""The gate on real engines and a real PostgreSQL: what was heard decides, in whatever order it came."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.session.domain.gate import element
from services.session.domain.messages import alert_message_id
from services.session.domain.visit_safety import consent_on_file, with_facts
from telerehab.events.database import Database
from telerehab.fhir.json import JsonObject
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1.records_pb2 import PatientMerged
from tests.services.deployment import deployed
from tests.services.session.clinic import BY, RED_FLAGS, Clinic, acknowledgement, alert, confirmation, refused
from tests.services.session.visits import REASON, overridden


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
    for item in ("identity", "location", "callback", "consent", "red-flags"):
        assert any(f".extension('{item}" in where for where in told), item


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
    errors = [issue for issue in answer.json()["issue"] if issue["severity"] == "error"]
    assert [issue["expression"] for issue in errors] == [[element("red-flags")]]
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


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ([], 400),
        ([BY], 400),
        ([{"name": "identifier", "valueCode": "name"}], 400),
        ([BY, {"name": "identifier", "valueCode": "shoe-size"}], 400),
        ([BY, {"name": "identifier", "valueString": "name"}], 400),
        ([BY, {"name": "adress", "valueAddress": {"country": "IE"}}], 400),
        ([{"name": "practitioner", "valueReference": {"reference": "Patient/1"}}, RED_FLAGS], 422),
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
        (
            [
                BY,
                {
                    "name": "override",
                    "part": [
                        {"name": "item", "valueCode": "red-flags"},
                        {"name": "reason", "valueCodeableConcept": {**REASON, "text": " . "}},
                    ],
                },
            ],
            422,
        ),
        ([BY, {"name": "address", "valueAddress": {"line": ["1 Quay Street", "-"], "country": "IE"}}], 422),
        ([BY, {"name": "address", "valueAddress": {"text": "?", "country": "IE"}}], 422),
        ([BY, {"name": "callback", "valueContactPoint": {"system": "phone", "value": "none"}}], 422),
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


@pytest.mark.parametrize("reference", ["Practitioner/nobody", "Practitioner/left", "Patient/p1"])
async def test_nobody_overrides_a_danger_sign(clinic: Clinic, patient: str, reference: str) -> None:
    await clinic.practitioner("left", active=False)
    encounter = await clinic.ready(patient)
    await clinic.hear(alert(patient, f"i-{patient}", "emergency"))
    by = {"name": "practitioner", "valueReference": {"reference": reference}}
    answer = await clinic.operate(encounter, "confirm-safety", by, RED_FLAGS)
    assert refused(answer) == {"Parameters.practitioner"}
    assert refused(await clinic.operate(encounter, "start")) == {element("red-flags")}


@pytest.mark.parametrize("nobody", ["Practitioner/nobody", "Practitioner/left"])
async def test_nobody_overrides_a_danger_sign_by_a_plain_update(
    clinic: Clinic, patient: str, nobody: str
) -> None:
    await clinic.practitioner("left", active=False)
    encounter = await clinic.ready(patient)
    visit = await clinic.read("Encounter", encounter)
    at = datetime.now(UTC)
    wanted = with_facts(visit, [overridden("red-flags", by=nobody, at=at)])
    answer = await clinic.client.put(f"Encounter/{encounter}", json=wanted)
    assert refused(answer) == {element("override", "by")}
    wanted = with_facts(visit, [overridden("red-flags", at=at)])
    assert (await clinic.client.put(f"Encounter/{encounter}", json=wanted)).status_code == 200


async def test_while_records_is_down_nothing_is_confirmed(
    new_database: Any, deployment_template: str
) -> None:
    dsn = await new_database(template=deployment_template)
    database = await Database(dsn).open()
    try:
        async with deployed(dsn, "grpc") as running:
            clinic = Clinic(running, database)
            encounter = await clinic.visit(new_id())
            await running.stop("records")
            answer = await clinic.operate(encounter, "confirm-safety", BY, RED_FLAGS)
            assert answer.status_code == 503, answer.text
            assert (await clinic.read("Encounter", encounter))["meta"]["versionId"] == "1"
    finally:
        await database.close()


@pytest.mark.parametrize(
    "consent",
    [
        {"status": "inactive"},
        {"provision": {"type": "deny"}},
        {"provision": {"period": {"end": "2020-01-01T00:00:00Z"}}},
        {"provision": {"period": {"end": "2020-01-01"}}},
        {"provision": {"period": {"start": "2999"}}},
        {"patient": {"reference": "Patient/somebody-else"}},
    ],
    ids=["inactive", "denied", "ended", "ended on a day", "not begun", "another patient's"],
)
async def test_a_consent_that_does_not_hold_is_refused(
    clinic: Clinic, patient: str, consent: JsonObject
) -> None:
    encounter = await clinic.visit(patient)
    named = await clinic.consent(patient, **consent)
    answer = await clinic.operate(encounter, "confirm-safety", *confirmation(named))
    assert refused(answer) == {element("consent-on-file")}


async def test_a_consent_that_is_withdrawn_after_it_was_confirmed_stops_the_visit(
    clinic: Clinic, patient: str
) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient)
    visit = await clinic.read("Encounter", encounter)
    consent = await clinic.read("Consent", consent_on_file(visit).removeprefix("Consent/"))
    withdrawn = {**consent, "status": "inactive"}
    assert (await clinic.client.put(f"Consent/{consent['id']}", json=withdrawn)).status_code == 200
    assert refused(await clinic.operate(encounter, "start")) == {element("consent-on-file")}
    without = {**RED_FLAGS, "part": [{"name": "item", "valueCode": "consent"}, RED_FLAGS["part"][1]]}
    assert (await clinic.operate(encounter, "confirm-safety", BY, without)).status_code == 200
    started = await clinic.operate(encounter, "start")
    assert started.status_code == 200, started.text


async def test_nothing_is_confirmed_of_a_visit_that_has_started(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient)
    await clinic.operate(encounter, "start")
    assert refused(await clinic.operate(encounter, "confirm-safety", BY, RED_FLAGS)) == {"Encounter.status"}
