"""What was booked here cannot be led away from the platform by what a client leaves out or makes up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message

from services.scheduling.periodic.roll_slots_forward import AT_ONCE, roll_slots_forward
from telerehab.access import Caller
from telerehab.canonical import HOLD_EXPIRES, VISIT_ENCOUNTER, extension_value
from telerehab.fhir.when import utc
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionCheckedIn, SessionFinished
from telerehab.unit_of_work import UnitOfWork
from tests.services.deployment import Deployment
from tests.services.scheduling.clinic import (
    TOMORROW,
    availability,
    booked,
    created,
    find,
    operate,
    patient,
    plain,
    practitioner_with_hours,
    reference,
)

Hear = Callable[[Message], Awaitable[None]]
PROFILE = {"profile": ["https://telerehab.example.org/fhir/StructureDefinition/booked-visit"]}


def encounter(to: Any) -> dict[str, Any]:
    return {"url": VISIT_ENCOUNTER, "valueReference": reference(to)} if isinstance(to, str) else to


async def test_an_update_that_drops_our_profile_is_refused(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    stripped = {name: value for name, value in appointment.items() if name != "meta"}
    refused = await client.put(f"Appointment/{appointment['id']}", json={**stripped, "status": "cancelled"})
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Appointment.meta.profile"]


async def test_a_visit_keeps_its_encounter(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    for extension in ([], [encounter("Encounter/other")], [{"url": VISIT_ENCOUNTER, "valueString": "x"}]):
        changed = {name: value for name, value in appointment.items() if name != "extension"}
        changed |= {"extension": extension} if extension else {}
        refused = await client.put(f"Appointment/{appointment['id']}", json=changed)
        assert refused.status_code == 422, refused.text
        assert VISIT_ENCOUNTER in refused.json()["issue"][0]["expression"][0]


@pytest.mark.parametrize("extension", [None, {"url": VISIT_ENCOUNTER, "valueString": "x"}])
async def test_a_visit_of_ours_without_an_encounter_is_refused(
    client: httpx.AsyncClient, extension: dict[str, Any] | None
) -> None:
    practitioner, whom = await practitioner_with_hours(client), await patient(client)
    made_up = plain(TOMORROW + timedelta(days=90), whom, practitioner, meta=PROFILE)
    refused = await client.post(
        "Appointment", json=made_up | ({"extension": [extension]} if extension else {})
    )
    assert refused.status_code == 422, refused.text


async def test_nobody_can_name_the_encounter_of_another_visit(client: httpx.AsyncClient) -> None:
    practitioner, other = await practitioner_with_hours(client), await practitioner_with_hours(client)
    victim = await booked(client, practitioner, await patient(client))
    named = extension_value(victim, VISIT_ENCOUNTER)["reference"]  # type: ignore[index]
    whom = await patient(client)
    wanted = plain(TOMORROW + timedelta(days=91), whom, other, extension=[encounter(named)])
    answer = await operate(client, "book", appointment_resource=wanted)
    own = extension_value(answer.json()["entry"][0]["resource"], VISIT_ENCOUNTER)
    assert own["reference"] != named, "$book gives its own"  # type: ignore[index]


async def test_only_the_operations_make_a_visit(client: httpx.AsyncClient) -> None:
    start = TOMORROW + timedelta(days=92)
    forged = plain(start, await patient(client), await practitioner_with_hours(client), meta=PROFILE)
    refused = await client.post("Appointment", json={**forged, "extension": [encounter("Encounter/..")]})
    assert refused.status_code == 422, refused.text
    assert refused.json()["issue"][0]["expression"] == ["Appointment.meta.profile"]


async def test_a_visit_keeps_its_patient_and_its_link(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    other = await patient(client)
    people = [{**appointment["participant"][0], "actor": reference(other)}, *appointment["participant"][1:]]
    swapped = await client.put(
        f"Appointment/{appointment['id']}", json={**appointment, "participant": people}
    )
    assert swapped.status_code == 422, swapped.text
    assert swapped.json()["issue"][0]["expression"] == ["Appointment.participant"]
    kept = [one for one in appointment["extension"] if one["url"] == VISIT_ENCOUNTER]
    lost = await client.put(f"Appointment/{appointment['id']}", json={**appointment, "extension": kept})
    assert lost.status_code == 422, lost.text


async def test_a_visit_is_cancelled_without_saying_its_times_again(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    short = {
        name: value for name, value in appointment.items() if name not in ("start", "end", "minutesDuration")
    }
    refused = await client.put(f"Appointment/{appointment['id']}", json=short)
    assert refused.status_code == 400, refused.text  # app-3: a booked one has its times
    answer = await client.put(f"Appointment/{appointment['id']}", json={**short, "status": "cancelled"})
    assert answer.status_code == 200, answer.text


async def test_a_time_at_the_end_of_the_calendar_is_a_time(client: httpx.AsyncClient) -> None:
    late = {"start": "9999-12-31T23:00:00Z", "end": "9999-12-31T23:59:59Z", "minutesDuration": 120}
    sent = {**plain(TOMORROW, "Patient/late"), **late}
    assert (await client.post("Appointment", json=sent)).status_code == 201
    without_end = {name: value for name, value in sent.items() if name != "end"}
    assert (await client.post("Appointment", json=without_end)).status_code == 400  # app-2: both or none


async def test_a_visit_moved_by_its_times_alone_leaves_its_slot(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    later = TOMORROW + timedelta(days=3, hours=15)
    moved = {**appointment, "start": utc(later), "end": utc(later + timedelta(minutes=30))}
    assert (await client.put(f"Appointment/{appointment['id']}", json=moved)).status_code == 200
    assert (await client.get(appointment["slot"][0]["reference"])).json()["status"] == "free"


async def test_an_actor_by_versioned_reference_is_the_same_actor(client: httpx.AsyncClient) -> None:
    start = TOMORROW + timedelta(days=97)
    assert (await client.post("Appointment", json=plain(start, "Practitioner/versioned"))).status_code == 201
    assert (
        await client.post("Appointment", json=plain(start, "Practitioner/versioned/_history/1"))
    ).status_code == 409


async def test_a_forged_visit_moves_no_appointment(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    forged = {
        "resourceType": "Encounter",
        "meta": {"profile": ["https://telerehab.example.org/fhir/StructureDefinition/visit"]},
        "status": "planned",
        "class": {"code": "VR"},
        "appointment": [reference(f"Appointment/{appointment['id']}")],
    }
    assert (await client.post("Encounter", json=forged)).status_code == 422


async def test_anothers_hold_cannot_be_booked(client: httpx.AsyncClient) -> None:
    practitioner, holder, other = (
        await practitioner_with_hours(client),
        await patient(client),
        await patient(client),
    )
    proposal = reference(f"Appointment/{(await find(client, practitioner))[0]['id']}")
    held = await operate(client, "hold", appointment_reference=proposal, patient_reference=reference(holder))
    pending = reference(f"Appointment/{held.json()['entry'][0]['resource']['id']}")
    refused = await operate(client, "book", appointment_reference=pending, patient_reference=reference(other))
    assert refused.status_code == 409
    assert holder not in refused.text


async def test_a_hold_without_a_patient_needs_one_to_be_booked(client: httpx.AsyncClient) -> None:
    practitioner = await practitioner_with_hours(client)
    proposal = reference(f"Appointment/{(await find(client, practitioner))[0]['id']}")
    held = (await operate(client, "hold", appointment_reference=proposal)).json()["entry"][0]["resource"]
    refused = await operate(client, "book", appointment_reference=reference(f"Appointment/{held['id']}"))
    assert refused.status_code == 422
    whom = reference(await patient(client))
    answer = await operate(
        client, "book", appointment_reference=reference(f"Appointment/{held['id']}"), patient_reference=whom
    )
    assert answer.json()["entry"][0]["resource"]["status"] == "booked"


async def test_the_past_cannot_be_booked(client: httpx.AsyncClient) -> None:
    wanted = plain(
        TOMORROW - timedelta(days=400), await patient(client), await practitioner_with_hours(client)
    )
    refused = await operate(client, "book", appointment_resource=wanted)
    assert refused.status_code == 422
    assert "Appointment.start" in refused.text


@pytest.mark.parametrize("extension", [None, {"url": HOLD_EXPIRES, "valueDate": "2030-01-01"}])
async def test_a_hold_says_until_when(client: httpx.AsyncClient, extension: dict[str, Any] | None) -> None:
    held = plain(
        TOMORROW + timedelta(days=95), await practitioner_with_hours(client), status="pending", meta=PROFILE
    )
    refused = await client.post("Appointment", json=held | ({"extension": [extension]} if extension else {}))
    assert refused.status_code in (400, 422), refused.text  # by the definitions' app-3, or by our rule


async def test_an_actor_by_absolute_reference_is_the_same_actor(client: httpx.AsyncClient) -> None:
    start = TOMORROW + timedelta(days=96)
    assert (await client.post("Appointment", json=plain(start, "Practitioner/absolute"))).status_code == 201
    absolute = plain(start, "https://hospital.example/fhir/R4/Practitioner/absolute")
    assert (await client.post("Appointment", json=absolute)).status_code == 409
    elsewhere = plain(start, "https://elsewhere.example/fhir/R4/Practitioner/absolute")
    assert (await client.post("Appointment", json=elsewhere)).status_code == 201


async def test_hours_that_make_too_many_slots_are_refused(client: httpx.AsyncClient) -> None:
    schedule = {
        "resourceType": "Schedule",
        "actor": [reference("Practitioner/1")],
        "extension": availability(end="23:59:00", minutes=5, start="00:00:00"),
    }
    refused = await client.post("Schedule", json=schedule)
    assert refused.status_code == 422
    assert "3000" in refused.text


async def test_a_time_with_a_zone_is_no_working_hour(client: httpx.AsyncClient) -> None:
    hours = availability(start="09:00:00")
    hours[0]["extension"][-2] = {"url": "availableStartTime", "valueString": "09:00:00+02:00"}
    schedule = {"resourceType": "Schedule", "actor": [reference("Practitioner/1")], "extension": hours}
    assert (await client.post("Schedule", json=schedule)).status_code == 422


async def test_the_edge_of_the_calendar_is_no_time_to_look_for(client: httpx.AsyncClient) -> None:
    asked = {"start": "0001-01-01T00:00:00+14:00", "end": "2030-01-01T00:00:00Z"}
    assert (await client.get("Appointment/$find", params=asked)).status_code == 400


async def test_a_client_cannot_say_that_a_visit_was_held(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    done = {**appointment, "status": "fulfilled"}
    by_put = await client.put(f"Appointment/{appointment['id']}", json=done)
    by_book = await operate(client, "book", appointment_resource=done)
    for refused in (by_put, by_book):
        assert refused.status_code == 422, refused.text
        assert refused.json()["issue"][0]["expression"] == ["Appointment.status"]
    own = plain(TOMORROW + timedelta(days=99), "Patient/theirs", status="fulfilled")
    assert (await client.post("Appointment", json=own)).status_code == 201, "a hospital closes its own"


async def test_a_deleted_visit_is_not_sent_again(client: httpx.AsyncClient) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    assert (await client.delete(f"Appointment/{appointment['id']}")).status_code == 204
    again = await client.put(f"Appointment/{appointment['id']}", json=appointment)
    assert again.status_code == 422, again.text


@pytest.mark.parametrize(
    ("encounter_id", "event", "expected"),
    [
        ("its own", SessionFinished, "fulfilled"),
        ("another", SessionFinished, "booked"),
        ("its own", SessionCheckedIn, "checked-in"),
        ("another", SessionCheckedIn, "booked"),
    ],
)
async def test_an_appointment_follows_its_own_visit(
    client: httpx.AsyncClient, heard: Hear, encounter_id: str, event: Any, expected: str
) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    named = extension_value(appointment, VISIT_ENCOUNTER)["reference"]  # type: ignore[index]
    visit = named.partition("/")[2] if encounter_id == "its own" else encounter_id
    await heard(event(encounter_id=visit, appointment_id=appointment["id"]))
    assert (await client.get(f"Appointment/{appointment['id']}")).json()["status"] == expected


async def test_a_cancelled_appointment_is_not_fulfilled_by_a_late_event(
    client: httpx.AsyncClient, heard: Hear
) -> None:
    appointment = await booked(client, await practitioner_with_hours(client), await patient(client))
    await client.put(f"Appointment/{appointment['id']}", json={**appointment, "status": "cancelled"})
    visit = extension_value(appointment, VISIT_ENCOUNTER)["reference"].partition("/")[2]  # type: ignore[index]
    await heard(SessionFinished(encounter_id=visit, appointment_id=appointment["id"]))
    assert (await client.get(f"Appointment/{appointment['id']}")).json()["status"] == "cancelled"


async def test_no_visit_moves_a_hospitals_own_appointment(client: httpx.AsyncClient, heard: Hear) -> None:
    """Not even one that names an Encounter by our extension: it was not booked here."""
    start = TOMORROW + timedelta(days=101)
    for extension in ([encounter("Encounter/theirs")], []):
        own = plain(start, "Patient/own", extension=extension) if extension else plain(start, "Patient/own2")
        made = (await client.post("Appointment", json=own)).json()
        await heard(SessionFinished(encounter_id="theirs" if extension else "", appointment_id=made["id"]))
        assert (await client.get(f"Appointment/{made['id']}")).json()["status"] == "booked"


async def test_a_hospitals_own_appointment_is_not_booked_over(client: httpx.AsyncClient) -> None:
    whom, practitioner = await patient(client), await practitioner_with_hours(client)
    own = plain(TOMORROW + timedelta(days=102), whom, practitioner)
    made = (await client.post("Appointment", json=own)).json()
    refused = await operate(client, "book", appointment_resource=made)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Appointment.id"]
    assert (await client.get(f"Appointment/{made['id']}")).json() == made


async def test_what_a_hospital_put_into_the_slot_is_no_booking_of_ours(client: httpx.AsyncClient) -> None:
    practitioner, whom = await practitioner_with_hours(client), await patient(client)
    proposal = (await find(client, practitioner))[0]
    own = plain(TOMORROW + timedelta(hours=9), whom, slot=proposal["slot"])
    assert (await client.post("Appointment", json=own)).status_code == 201
    refused = await operate(
        client,
        "book",
        appointment_reference=reference(f"Appointment/{proposal['id']}"),
        patient_reference=reference(whom),
    )
    assert refused.status_code == 409, refused.text


async def test_a_visit_is_one_patients(client: httpx.AsyncClient) -> None:
    people = [await patient(client), await patient(client), await practitioner_with_hours(client)]
    wanted = plain(TOMORROW + timedelta(days=103), *people)
    refused = await operate(client, "book", appointment_resource=wanted)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Appointment.participant"]


async def test_a_visit_with_a_role_is_checked_in_when_that_is_heard(
    client: httpx.AsyncClient, heard: Hear
) -> None:
    whom, practitioner = await patient(client), await practitioner_with_hours(client)
    role = await created(client, "PractitionerRole", practitioner=reference(practitioner))
    wanted = plain(TOMORROW + timedelta(days=104), whom, practitioner, role)
    answer = await operate(client, "book", appointment_resource=wanted)
    appointment = answer.json()["entry"][0]["resource"]
    visit = extension_value(appointment, VISIT_ENCOUNTER)["reference"].partition("/")[2]  # type: ignore[index]
    await heard(SessionCheckedIn(encounter_id=visit, appointment_id=appointment["id"]))
    assert (await client.get(f"Appointment/{appointment['id']}")).json()["status"] == "checked-in"
    other = await client.post("Appointment", json=plain(TOMORROW + timedelta(days=104), role))
    assert other.status_code == 409


async def test_slots_roll_forward_with_time(clinic: Deployment, client: httpx.AsyncClient) -> None:
    engine = clinic.engines["scheduling"]
    clock, noon = engine.clock, TOMORROW - timedelta(hours=12)
    try:
        engine.clock = lambda: noon
        practitioner = await practitioner_with_hours(client)
        (schedule,) = (await client.get("Schedule", params={"actor": practitioner})).json()["entry"]
        counting = {"schedule": f"Schedule/{schedule['resource']['id']}", "_summary": "count"}
        before = (await client.get("Slot", params=counting)).json()["total"]
        gone = (await find(client, practitioner))[0]["slot"][0]["reference"]
        assert (await client.delete(gone)).status_code == 204
        engine.clock = lambda: noon + timedelta(days=2)
        for _ in range(2):  # a second time makes nothing
            while (await engine.run(Caller("test"), made_by_rolling)) == AT_ONCE:
                pass
    finally:
        engine.clock = clock
    assert (await client.get("Slot", params=counting)).json()["total"] == before - 1 + 2 * 4
    assert (await client.get(gone)).status_code == 410, "what was deleted stays so"


async def made_by_rolling(work: UnitOfWork) -> int:
    await roll_slots_forward.perform(work)
    return len(work.planned)
