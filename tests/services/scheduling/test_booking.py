"""Finding, holding, booking, moving and cancelling, through the gateway on real engines and a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.scheduling.periodic.release_expired_holds import release_expired_holds
from telerehab.access import Caller
from telerehab.canonical import (
    APPOINTMENT_VIRTUAL_SERVICE,
    VISIT_ENCOUNTER,
    extension_value,
    join_link,
)
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from tests.services.deployment import Deployment
from tests.services.scheduling.clinic import (
    TOMORROW,
    booked,
    created,
    find,
    operate,
    patient,
    plain,
    practitioner_with_hours,
    reference,
)


async def slot_status(client: httpx.AsyncClient, appointment: JsonObject) -> str:
    return str((await client.get(appointment["slot"][0]["reference"])).json()["status"])


async def test_weekly_hours_become_what_can_be_booked(client: httpx.AsyncClient) -> None:
    found = await find(client, await practitioner_with_hours(client))
    assert [one["start"][11:16] for one in found] == ["09:00", "09:30", "10:00", "10:30"]
    assert {one["status"] for one in found} == {"proposed"}


async def test_a_booking_takes_its_time_and_names_what_follows(client: httpx.AsyncClient) -> None:
    practitioner, whom = await practitioner_with_hours(client), await patient(client)
    appointment = await booked(client, practitioner, whom)
    assert appointment["status"] == "booked"
    assert appointment["meta"]["versionId"] == "1"
    encounter: JsonObject = extension_value(appointment, VISIT_ENCOUNTER) or {}
    assert encounter["reference"].startswith("Encounter/")
    assert (join_link(appointment, APPOINTMENT_VIRTUAL_SERVICE) or "").startswith(
        "https://hospital.example/join/"
    )
    assert await slot_status(client, appointment) == "busy"
    assert len(await find(client, practitioner)) == 3


async def test_the_same_booking_twice_is_one(client: httpx.AsyncClient) -> None:
    practitioner, whom = await practitioner_with_hours(client), await patient(client)
    proposal = reference(f"Appointment/{(await find(client, practitioner))[0]['id']}")
    answers = [
        await operate(client, "book", appointment_reference=proposal, patient_reference=reference(whom))
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({answer.json()["entry"][0]["resource"]["id"] for answer in answers}) == 1


@pytest.mark.parametrize(("first", "second"), [("/_history/1", ""), ("", "/_history/1")])
async def test_a_version_of_a_slot_is_the_slot(client: httpx.AsyncClient, first: str, second: str) -> None:
    proposal = (await find(client, await practitioner_with_hours(client)))[0]
    slot = proposal["slot"][0]["reference"]
    start = datetime.fromisoformat(proposal["start"])
    taking = plain(start, await patient(client), slot=[reference(slot + first)])
    late = plain(start, await patient(client), slot=[reference(slot + second)])
    taken = await client.post("Appointment", json=taking)
    assert taken.status_code == 201, taken.text
    assert await slot_status(client, proposal) == "busy"
    assert (await client.post("Appointment", json=late)).status_code == 409
    id_ = taken.json()["id"]
    freed = await client.put(f"Appointment/{id_}", json={**taken.json(), "status": "cancelled"})
    assert freed.status_code == 200, freed.text
    assert await slot_status(client, proposal) == "free"


async def test_a_visit_is_booked_in_slots_that_exist(client: httpx.AsyncClient) -> None:
    practitioner, whom = await practitioner_with_hours(client), await patient(client)
    wanted = plain(
        TOMORROW + timedelta(days=97),
        whom,
        practitioner,
        slot=[reference("https://other.example/fhir/Slot/1"), reference("Slot/nowhere/_history/2")],
    )
    refused = await operate(client, "book", appointment_resource=wanted)
    assert refused.status_code == 422, refused.text
    assert [issue["expression"] for issue in refused.json()["issue"]] == [["Appointment.slot[1]"]]
    told = await client.post("Appointment", json=wanted)
    assert told.status_code == 201, "a hospital's own may name what it has not sent"


async def test_the_same_appointment_given_twice_is_one_booking(client: httpx.AsyncClient) -> None:
    wanted = plain(
        TOMORROW + timedelta(days=98), await patient(client), await practitioner_with_hours(client)
    )
    answers = [await operate(client, "book", appointment_resource=wanted) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200], answers[1].text
    assert len({answer.json()["entry"][0]["resource"]["id"] for answer in answers}) == 1


async def test_a_held_time_is_kept_from_others_until_it_is_booked_or_expires(
    clinic: Deployment, client: httpx.AsyncClient
) -> None:
    practitioner, whom, other = (
        await practitioner_with_hours(client),
        await patient(client),
        await patient(client),
    )
    proposal = reference(f"Appointment/{(await find(client, practitioner))[0]['id']}")
    held = await operate(client, "hold", appointment_reference=proposal, patient_reference=reference(whom))
    pending = held.json()["entry"][0]["resource"]
    assert pending["status"] == "pending"
    assert await slot_status(client, pending) == "busy-tentative"
    assert len(await find(client, practitioner)) == 3

    refused = await operate(
        client, "book", appointment_reference=proposal, patient_reference=reference(other)
    )
    assert refused.status_code == 409
    assert whom not in refused.text

    mine = reference(f"Appointment/{pending['id']}")
    assert (await operate(client, "book", appointment_reference=mine)).json()["entry"][0]["resource"][
        "status"
    ] == "booked"

    second = reference(f"Appointment/{(await find(client, practitioner))[0]['id']}")
    expiring = (await operate(client, "hold", appointment_reference=second)).json()["entry"][0]["resource"]
    engine = clinic.engines["scheduling"]
    engine.clock = lambda: datetime.now(UTC) + timedelta(minutes=11)
    await engine.run(Caller("test"), release_expired_holds.perform)
    engine.clock = lambda: datetime.now(UTC)
    assert (await client.get(f"Appointment/{expiring['id']}")).json()["status"] == "cancelled"
    assert await slot_status(client, expiring) == "free"


@pytest.mark.parametrize("way", ["book", "put"])
async def test_a_moved_visit_gives_its_old_time_back(client: httpx.AsyncClient, way: str) -> None:
    practitioner, whom = await practitioner_with_hours(client), await patient(client)
    appointment = await booked(client, practitioner, whom)
    later = (await find(client, practitioner))[-1]
    moved = {**appointment, "start": later["start"], "end": later["end"], "slot": later["slot"]}
    if way == "book":
        answer = await operate(client, "book", appointment_resource=moved)
        after = answer.json()["entry"][0]["resource"]
    else:
        after = (await client.put(f"Appointment/{moved['id']}", json=moved)).json()
    assert after["start"] == later["start"]
    assert extension_value(after, VISIT_ENCOUNTER) == extension_value(appointment, VISIT_ENCOUNTER)
    assert await slot_status(client, appointment) == "free"
    assert await slot_status(client, after) == "busy"


@pytest.mark.parametrize("way", ["book", "put", "delete"])
async def test_a_cancelled_visit_frees_its_time_at_once(client: httpx.AsyncClient, way: str) -> None:
    practitioner, whom = await practitioner_with_hours(client), await patient(client)
    appointment = await booked(client, practitioner, whom)
    cancelled = {**appointment, "status": "cancelled"}
    if way == "book":
        answer = await operate(client, "book", appointment_resource=cancelled)
    elif way == "put":
        answer = await client.put(f"Appointment/{appointment['id']}", json=cancelled)
    else:
        answer = await client.delete(f"Appointment/{appointment['id']}")
    assert answer.status_code in (200, 204), answer.text
    assert len(await find(client, practitioner)) == 4
    await booked(client, practitioner, await patient(client))


@pytest.mark.parametrize("way", ["post", "put", "transaction"])
@pytest.mark.parametrize("actor", ["Practitioner/busy", "Patient/busy", "Location/room"])
async def test_nobody_is_in_two_places_whichever_way_it_is_written(
    client: httpx.AsyncClient, actor: str, way: str
) -> None:
    start = TOMORROW + timedelta(days=100 + hash_of(actor, way))
    assert (await client.post("Appointment", json=plain(start, actor, "Patient/x"))).status_code == 201
    second = plain(start + timedelta(minutes=15), actor, "Patient/y")
    if way == "post":
        refused = await client.post("Appointment", json=second)
    elif way == "put":
        refused = await client.put("Appointment/second", json={**second, "id": "second"})
    else:
        entry = {"resource": second, "request": {"method": "POST", "url": "Appointment"}}
        refused = await client.post(
            "", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        )
    assert refused.status_code == 409, refused.text
    issue = refused.json()["issue"][0]
    assert issue["code"] == "conflict"
    assert "Patient/x" not in refused.text
    after = plain(start + timedelta(minutes=30), actor, "Patient/y")
    assert (await client.post("Appointment", json=after)).status_code == 201, (
        "what only touches does not overlap"
    )


def hash_of(*parts: str) -> int:
    return sum(ord(letter) for letter in "".join(parts)) % 500


async def test_the_past_never_conflicts(client: httpx.AsyncClient) -> None:
    past = datetime(2020, 1, 1, 9, tzinfo=UTC)
    for _ in range(2):
        assert (await client.post("Appointment", json=plain(past, "Practitioner/old"))).status_code == 201


async def test_many_meet_where_a_service_is_provided(client: httpx.AsyncClient) -> None:
    site = await created(client, "Location", name="Main site")
    await created(client, "HealthcareService", location=[reference(site)])
    start = TOMORROW + timedelta(days=50)
    for whom in ("Patient/s1", "Patient/s2"):
        assert (await client.post("Appointment", json=plain(start, whom, site))).status_code == 201


async def test_two_visits_may_swap_their_times_in_one_transaction(client: httpx.AsyncClient) -> None:
    early, late = TOMORROW + timedelta(days=60), TOMORROW + timedelta(days=60, hours=1)
    for id_, start in (("swap-a", early), ("swap-b", late)):
        await client.put(f"Appointment/{id_}", json={**plain(start, "Practitioner/swap"), "id": id_})
    entries = [
        {
            "resource": {**plain(start, "Practitioner/swap"), "id": id_},
            "request": {"method": "PUT", "url": f"Appointment/{id_}"},
        }
        for id_, start in (("swap-a", late), ("swap-b", early))
    ]
    answer = await client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text


async def test_a_hospital_may_send_a_slot_and_its_appointment_together(client: httpx.AsyncClient) -> None:
    slot = {
        "resourceType": "Slot",
        "schedule": reference("Schedule/elsewhere"),
        "status": "free",
        "start": utc(TOMORROW + timedelta(days=70)),
        "end": utc(TOMORROW + timedelta(days=70, minutes=30)),
    }
    appointment = plain(
        TOMORROW + timedelta(days=70),
        "Practitioner/ehr",
        slot=[reference("urn:uuid:6f0a6cb5-4f6c-4c7d-9a55-5d0f4f2b7a11")],
    )
    entries = [
        {
            "fullUrl": "urn:uuid:6f0a6cb5-4f6c-4c7d-9a55-5d0f4f2b7a11",
            "resource": slot,
            "request": {"method": "POST", "url": "Slot"},
        },
        {"resource": appointment, "request": {"method": "POST", "url": "Appointment"}},
    ]
    answer = await client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    location = answer.json()["entry"][0]["response"]["location"]
    assert (await client.get("/".join(location.split("/")[-4:-2]))).json()["status"] == "busy"


async def test_of_many_who_book_overlapping_times_one_wins(client: httpx.AsyncClient) -> None:
    practitioner = await practitioner_with_hours(client)
    patients = [await patient(client) for _ in range(20)]
    for _ in range(3):
        proposal = reference(f"Appointment/{(await find(client, practitioner))[0]['id']}")
        answers = await asyncio.gather(
            *(
                operate(client, "book", appointment_reference=proposal, patient_reference=reference(whom))
                for whom in patients
            )
        )
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200] + [409] * (len(patients) - 1)
        assert all(a.json()["resourceType"] == "OperationOutcome" for a in answers if a.status_code == 409)


@pytest.mark.parametrize(
    ("parameters", "status", "told"),
    [
        ({}, 400, "appointment-reference"),
        ({"appointment_reference": reference("Appointment/unknown")}, 404, "Appointment/unknown"),
        (
            {
                "appointment_resource": plain(
                    TOMORROW + timedelta(days=80), "Patient/nobody", "Practitioner/nobody"
                )
            },
            422,
            "Patient/nobody",
        ),
        ({"appointment_resource": {"resourceType": "Appointment", "status": "booked"}}, 400, "participant"),
        ({"wrong_name": reference("Appointment/1")}, 400, "wrong-name"),
    ],
)
async def test_a_booking_that_cannot_be_says_why(
    client: httpx.AsyncClient, parameters: dict[str, Any], status: int, told: str
) -> None:
    answer = await operate(client, "book", **parameters)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert told in answer.text


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({}, "start"),
        ({"start": "2026-01-01T00:00:00Z"}, "end"),
        ({"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}, "end"),
        ({"start": "soon", "end": "later"}, "start"),
        ({"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "colour": "red"}, "colour"),
    ],
)
async def test_find_says_what_it_needs(client: httpx.AsyncClient, asked: dict[str, str], where: str) -> None:
    answer = await client.get("Appointment/$find", params=asked)
    assert answer.status_code == 400
    assert where in answer.text
