"""A visit follows its booking, and nothing else: what events of scheduling do to it, and what clients cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from telerehab.canonical import ENCOUNTER_PLANNED_START, extension_value
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
)
from tests.services.session.clinic import Clinic

LATER = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0)


async def appointment_of(clinic: Clinic, encounter: str) -> str:
    (named,) = (await clinic.read("Encounter", encounter))["appointment"]
    return str(named["reference"]).partition("/")[2]


def moved(encounter: str, appointment: str) -> AppointmentRescheduled:
    return AppointmentRescheduled(
        appointment_id=appointment,
        encounter_id=encounter,
        practitioner_ids=["d2"],
        start=timestamp(LATER),
        end=timestamp(LATER + timedelta(minutes=30)),
    )


async def started(clinic: Clinic, patient: str) -> str:
    encounter = await clinic.ready(patient)
    await clinic.screened(patient)
    answer = await clinic.operate(encounter, "start")
    assert answer.status_code == 200, answer.text
    return encounter


def planned_start(encounter: JsonObject) -> object:
    return extension_value(encounter, ENCOUNTER_PLANNED_START)


async def test_a_visit_moves_with_its_appointment(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.visit(patient)
    await clinic.hear(moved(encounter, await appointment_of(clinic, encounter)))
    after = await clinic.read("Encounter", encounter)
    assert planned_start(after) == utc(LATER)
    assert after["participant"] == [{"individual": {"reference": "Practitioner/d2"}}]


async def test_another_appointment_neither_moves_nor_ends_a_visit(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.visit(patient)
    before = await clinic.read("Encounter", encounter)
    await clinic.hear(moved(encounter, "another"))
    await clinic.hear(AppointmentCancelled(encounter_id=encounter, appointment_id="another"))
    await clinic.hear(AppointmentNoShow(encounter_id=encounter, appointment_id="another"))
    assert await clinic.read("Encounter", encounter) == before


async def test_a_visit_that_is_held_is_neither_moved_nor_cancelled(clinic: Clinic, patient: str) -> None:
    encounter = await started(clinic, patient)
    before = await clinic.read("Encounter", encounter)
    appointment = await appointment_of(clinic, encounter)
    await clinic.hear(moved(encounter, appointment))
    await clinic.hear(AppointmentCancelled(encounter_id=encounter, appointment_id=appointment))
    assert await clinic.read("Encounter", encounter) == before


async def test_a_visit_that_was_not_attended_does_not_take_place(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.visit(patient)
    appointment = await appointment_of(clinic, encounter)
    await clinic.hear(AppointmentNoShow(encounter_id=encounter, appointment_id=appointment))
    assert (await clinic.read("Encounter", encounter))["status"] == "cancelled"


async def test_a_deleted_visit_stays_deleted(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.visit(patient)
    content = await clinic.read("Encounter", encounter)
    (appointment,) = content["appointment"]
    assert (await clinic.client.delete(f"Encounter/{encounter}")).status_code == 204
    again = await clinic.client.put(f"Encounter/{encounter}", json=content)
    assert again.status_code == 422, again.text
    assert again.json()["issue"][0]["expression"] == ["Encounter.meta.profile"]
    booked = AppointmentBooked(
        encounter_id=encounter,
        appointment_id=appointment["reference"].partition("/")[2],
        patient_id=patient,
        start=timestamp(LATER),
        end=timestamp(LATER + timedelta(minutes=30)),
    )
    await clinic.hear(booked)
    assert (await clinic.client.get(f"Encounter/{encounter}")).status_code == 410


async def test_what_is_sent_in_place_of_a_deleted_visit_is_a_record(clinic: Clinic, patient: str) -> None:
    """It is no visit again by a second update either, and is nobody's news."""
    encounter = await clinic.visit(patient)
    content = await clinic.read("Encounter", encounter)
    await clinic.client.delete(f"Encounter/{encounter}")
    record = {name: value for name, value in content.items() if name != "meta"}
    assert (await clinic.client.put(f"Encounter/{encounter}", json=record)).status_code == 201
    assert (await clinic.client.put(f"Encounter/{encounter}", json=content)).status_code == 422
    assert (await clinic.operate(encounter, "check-in")).status_code == 422
    appointment = await appointment_of(clinic, encounter)
    await clinic.hear(AppointmentCancelled(encounter_id=encounter, appointment_id=appointment))
    assert (await clinic.read("Encounter", encounter))["status"] == "planned"


async def test_a_visit_keeps_its_appointment_and_its_patient(clinic: Clinic, patient: str) -> None:
    encounter = await clinic.visit(patient)
    content = await clinic.read("Encounter", encounter)
    for element, other in (
        ("appointment", [{"reference": "Appointment/another"}]),
        ("subject", {"reference": "Patient/another"}),
        ("subject", {"reference": "Group/another"}),
    ):
        refused = await clinic.client.put(f"Encounter/{encounter}", json={**content, element: other})
        assert refused.status_code == 422, refused.text
        assert refused.json()["issue"][0]["expression"] == [f"Encounter.{element}"]
