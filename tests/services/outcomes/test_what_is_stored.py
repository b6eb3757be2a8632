"""Whatever the service writes by itself is valid R4, by the HL7 definitions and by fhir.resources."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from clinical.instruments import instruments
from telerehab.event import timestamp
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import AppointmentBooked, AppointmentCancelled
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionFinished
from tests.services.outcomes.answered import answered, home_log, symptom, ticks
from tests.services.outcomes.conftest import START, Outcomes

WRITTEN = {"DetectedIssue", "Task", "Observation", "Questionnaire"}
"""What outcomes makes; the rest of its types are its clients' to write."""


def assert_valid(resource: JsonObject) -> None:
    assert validate(resource) == []
    type_ = resource["resourceType"]
    model = getattr(import_module(f"fhir.resources.R4B.{type_.lower()}"), type_)
    model.model_validate_json(json.dump(resource))


async def stored(outcomes: Outcomes) -> list[JsonObject]:
    """Every resource the service keeps, as a client reads it."""
    rows = await outcomes.engine.store.fetch("SELECT type, id FROM resource WHERE NOT deleted")
    return [await outcomes.send("GET", f"{row['type']}/{row['id']}", None, 200) for row in rows]


async def test_all_that_follows_from_answers_logs_visits_and_time_is_valid(outcomes: Outcomes) -> None:
    start = timestamp(START + timedelta(days=2))
    booked: dict[str, Any] = {"appointment_id": new_id(), "patient_id": outcomes.patient}
    await outcomes.hear(AppointmentBooked(**booked, encounter_id=new_id(), start=start, end=start))
    moved = {**booked, "appointment_id": new_id()}
    await outcomes.hear(AppointmentBooked(**moved, encounter_id=new_id(), start=start, end=start))
    await outcomes.hear(AppointmentCancelled(**moved))
    finished = SessionFinished(encounter_id=new_id(), patient_id=outcomes.patient, start=start, end=start)
    await outcomes.hear(finished)
    for name, answers in (
        ("phq-9", [1] * 9),
        ("nprs", [9]),
        ("psfs", [3, 4, 5, None, None]),
        ("phq-9", [None] * 9),
    ):
        await outcomes.post(answered(instruments()[name], answers, authored="2026-03-05T08:00:00Z"))
    await outcomes.post(ticks("hip", {"hot-joint-fever": True, "cancer-history": True}))
    await outcomes.post(ticks("wrist", {"swollen": {"valueString": "perhaps"}}))
    await outcomes.post(home_log({"pain-max": 9}, [symptom("fall"), symptom("dragons")]))
    await outcomes.after(days=1)
    await outcomes.after(days=1)
    open_alert = next(one for one in await outcomes.find("Task") if "businessStatus" in one)
    owner = {"reference": "Practitioner/d1"}
    await outcomes.put(
        {**open_alert, "status": "completed", "owner": owner, "statusReason": {"text": "Called."}}
    )
    everything = await stored(outcomes)
    for resource in everything:
        assert_valid(resource)
    assert {one["resourceType"] for one in everything} >= WRITTEN
    statuses = {one["status"] for one in everything if one["resourceType"] == "Task"}
    assert statuses == {"requested", "completed", "cancelled"}
    code = "nprs"
    trend = f"Observation/$trend?patient=Patient/{outcomes.patient}&instrument={code}"
    assert_valid(await outcomes.send("GET", trend, None, 200))
