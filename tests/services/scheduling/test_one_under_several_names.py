"""Nobody is in two places, also not under two names: merged Patients, roles of a practitioner, absolute references."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest
from google.protobuf.message import Message

from telerehab.fhir.json import JsonObject
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1.records_pb2 import PatientMerged, PatientUnmerged
from tests.services.deployment import Deployment
from tests.services.scheduling.clinic import (
    TOMORROW,
    availability,
    booked,
    created,
    find,
    patient,
    plain,
    practitioner_with_hours,
    reference,
)

Hear = Callable[[Message], Awaitable[None]]
BLOCKED = "SELECT cardinality(pg_blocking_pids($1)) > 0"
ALIASES_AWAITED = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'patient_alias'::regclass AND NOT granted)"
)
PUT_IN = "INSERT INTO booked_time VALUES ($1, $2, '[2100-01-01, 2100-01-02)')"
_days = count(200)


def some_day() -> timedelta:
    """A day that no other test here books."""
    return timedelta(days=next(_days))


async def send(client: httpx.AsyncClient, *appointments: JsonObject) -> int:
    """The status of one appointment created, or of a transaction with several."""
    if len(appointments) == 1:
        return (await client.post("Appointment", json=appointments[0])).status_code
    entries = [{"resource": one, "request": {"method": "POST", "url": "Appointment"}} for one in appointments]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return (await client.post("", json=bundle)).status_code


async def role_of(client: httpx.AsyncClient, practitioner: str) -> str:
    return await created(client, "PractitionerRole", practitioner=reference(practitioner))


async def merged(hear: Hear) -> tuple[str, str, str]:
    """Ids of a person whom two merges have given three."""
    first, second, third = new_id(), new_id(), new_id()
    await hear(PatientMerged(patient_id=first, into_patient_id=second, patient_version=1))
    await hear(PatientMerged(patient_id=third, into_patient_id=second, patient_version=1))
    return first, second, third


async def test_a_person_is_not_booked_twice_under_merged_ids(client: httpx.AsyncClient, heard: Hear) -> None:
    first, _, third = await merged(heard)
    start = TOMORROW + some_day()
    assert await send(client, plain(start, f"Patient/{first}")) == 201
    assert await send(client, plain(start + timedelta(minutes=10), f"Patient/{third}")) == 409
    assert await send(client, plain(start + timedelta(minutes=30), f"Patient/{third}")) == 201


async def test_two_ids_of_a_person_collide_within_one_transaction(
    client: httpx.AsyncClient, heard: Hear
) -> None:
    first, second, _ = await merged(heard)
    start = TOMORROW + some_day()
    assert await send(client, plain(start, f"Patient/{first}"), plain(start, f"Patient/{second}")) == 409


async def test_an_appointment_may_name_a_person_by_both_ids(client: httpx.AsyncClient, heard: Hear) -> None:
    first, second, _ = await merged(heard)
    start = TOMORROW + some_day()
    assert await send(client, plain(start, f"Patient/{first}", f"Patient/{second}")) == 201


async def test_a_merge_undone_parts_their_times_again(client: httpx.AsyncClient, heard: Hear) -> None:
    first, second, third = await merged(heard)
    start = TOMORROW + some_day()
    assert await send(client, plain(start, f"Patient/{first}")) == 201
    await heard(PatientUnmerged(patient_id=first, from_patient_id=second, patient_version=2))
    assert await send(client, plain(start, f"Patient/{third}")) == 201


async def test_a_practitioner_is_not_booked_twice_by_a_role(client: httpx.AsyncClient) -> None:
    practitioner = await created(client, "Practitioner")
    one, other = await role_of(client, practitioner), await role_of(client, practitioner)
    start = TOMORROW + some_day()
    assert await send(client, plain(start, one, "Patient/r1")) == 201
    assert await send(client, plain(start, practitioner, "Patient/r2")) == 409
    assert await send(client, plain(start, other, "Patient/r3")) == 409
    start = TOMORROW + some_day()
    assert await send(client, plain(start, practitioner, "Patient/r1")) == 201
    assert await send(client, plain(start, one, "Patient/r2")) == 409
    assert await send(client, plain(start, await role_of(client, "Practitioner/other"))) == 201


async def test_an_appointment_may_name_a_practitioner_and_the_role(client: httpx.AsyncClient) -> None:
    practitioner = await created(client, "Practitioner")
    assert await send(
        client, plain(TOMORROW + some_day(), practitioner, await role_of(client, practitioner))
    ) == 201  # fmt: skip


async def test_a_role_sent_with_its_appointment_is_known(client: httpx.AsyncClient) -> None:
    practitioner = await created(client, "Practitioner")
    start = TOMORROW + some_day()
    assert await send(client, plain(start, practitioner)) == 201
    url = f"urn:uuid:{new_id()}"
    role = {"resourceType": "PractitionerRole", "practitioner": reference(practitioner)}
    entries = [
        {"fullUrl": url, "resource": role, "request": {"method": "POST", "url": "PractitionerRole"}},
        {"resource": plain(start, url), "request": {"method": "POST", "url": "Appointment"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert (await client.post("", json=bundle)).status_code == 409


async def test_of_those_who_book_one_under_two_names_at_once_one_wins(client: httpx.AsyncClient) -> None:
    practitioner = await created(client, "Practitioner")
    names = [practitioner, await role_of(client, practitioner), await role_of(client, practitioner)]
    for name in names[1:]:
        assert await send(client, plain(TOMORROW + some_day(), name)) == 201
    for _ in range(5):
        start = TOMORROW + some_day()
        statuses = await asyncio.gather(*(send(client, plain(start, name)) for name in names * 4))
        assert sorted(statuses) == [201] + [409] * (len(statuses) - 1)


@pytest.fixture
async def connections(clinic: Deployment) -> AsyncIterator[list[asyncpg.Connection]]:
    """Two, each to scheduling's tables."""
    opened = [
        await asyncpg.connect(clinic.dsn, server_settings={"search_path": "scheduling, public"})
        for _ in range(2)
    ]
    yield opened
    for connection in opened:
        await connection.close()


async def until_it_waits(task: asyncio.Task[Any], waits: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not (task.done() or await waits()):
            pass  # each question to the database is a turn


async def put_in_as_role(connection: asyncpg.Connection, role: str, practitioner: str) -> str:
    """The outcome of booking a role; whose it is, the same commit writes, as that of an appointment does."""
    async with connection.transaction():
        await connection.execute("INSERT INTO acting_practitioner VALUES ($1, $2)", role, practitioner)
        return str(await connection.execute(PUT_IN, role, f"PractitionerRole/{role}"))


@pytest.mark.parametrize("second_name", ["practitioner", "another role"])
async def test_who_books_under_another_name_waits_for_who_is_not_done(
    connections: list[asyncpg.Connection], second_name: str
) -> None:
    """Rows under two names do not meet in the index of the constraint: the second must see the first all the same."""
    practitioner = f"Practitioner/{new_id()}"
    first, second = connections
    async with first.transaction():
        assert await put_in_as_role(first, new_id(), practitioner) == "INSERT 0 1"
        waiting = asyncio.create_task(
            second.execute(PUT_IN, "other", practitioner)
            if second_name == "practitioner"
            else put_in_as_role(second, new_id(), practitioner)
        )
        await until_it_waits(waiting, lambda: first.fetchval(BLOCKED, second.get_server_pid()))
    assert await waiting == "INSERT 0 0"


async def test_who_books_a_role_waits_for_who_books_the_practitioner(
    connections: list[asyncpg.Connection],
) -> None:
    practitioner = f"Practitioner/{new_id()}"
    first, second = connections
    async with first.transaction():
        assert await first.execute(PUT_IN, "one", practitioner) == "INSERT 0 1"
        waiting = asyncio.create_task(put_in_as_role(second, new_id(), practitioner))
        await until_it_waits(waiting, lambda: first.fetchval(BLOCKED, second.get_server_pid()))
    assert await waiting == "INSERT 0 0"


async def test_a_merge_that_is_heard_between_two_bookings_of_one_person_lets_one_in(
    connections: list[asyncpg.Connection], heard: Hear
) -> None:
    """Else the first would not know of the merge yet, and the second not of the first."""
    one, other = new_id(), new_id()
    first, second = connections
    async with first.transaction():
        assert await first.execute(PUT_IN, "one", f"Patient/{one}") == "INSERT 0 1"
        merge = PatientMerged(patient_id=one, into_patient_id=other, patient_version=1)
        merging = asyncio.ensure_future(heard(merge))
        await until_it_waits(merging, lambda: first.fetchval(ALIASES_AWAITED))
        waiting = asyncio.create_task(second.execute(PUT_IN, "other", f"Patient/{other}"))
        await until_it_waits(waiting, lambda: first.fetchval(BLOCKED, second.get_server_pid()))
    await merging
    assert await waiting == "INSERT 0 0"


async def test_what_is_booked_by_a_role_is_not_found_free(client: httpx.AsyncClient) -> None:
    practitioner = await practitioner_with_hours(client)
    first, *others = await find(client, practitioner)
    role = await role_of(client, practitioner)
    assert await send(client, plain(TOMORROW + timedelta(hours=9), role)) == 201
    assert [one["id"] for one in await find(client, practitioner)] == [one["id"] for one in others]
    assert first["start"].endswith("T09:00:00Z")


async def test_a_patient_finds_no_time_at_which_another_id_of_theirs_is_booked(
    client: httpx.AsyncClient, heard: Hear
) -> None:
    first, second, _ = await merged(heard)
    practitioner = await practitioner_with_hours(client)
    assert await send(client, plain(TOMORROW + timedelta(hours=9), f"Patient/{first}")) == 201
    asked = {"start": f"{TOMORROW:%Y-%m-%d}T00:00:00Z", "end": f"{TOMORROW:%Y-%m-%d}T23:59:59Z"}
    found = await client.get(
        "Appointment/$find", params={**asked, "practitioner": practitioner, "patient": f"Patient/{second}"}
    )
    assert found.json()["total"] == 3


async def test_who_is_added_to_an_appointment_must_be_free(client: httpx.AsyncClient) -> None:
    start, busy = TOMORROW + some_day(), f"Practitioner/{new_id()}"
    assert await send(client, plain(start, busy)) == 201
    id_ = await created(client, **plain_parts(plain(start, "Patient/added")))
    people = [*plain(start, "Patient/added")["participant"], *plain(start, busy)["participant"]]
    known = (await client.get(id_)).json()
    refused = await client.put(id_, json={**known, "participant": people})
    assert refused.status_code == 409, refused.text
    assert len((await client.get(id_)).json()["participant"]) == 1


def plain_parts(appointment: JsonObject) -> JsonObject:
    """An appointment as arguments of `created`."""
    return {
        "type_": appointment["resourceType"],
        **{k: v for k, v in appointment.items() if k != "resourceType"},
    }


async def test_who_declined_is_free_until_accepting_after_all(client: httpx.AsyncClient) -> None:
    start, who = TOMORROW + some_day(), f"Practitioner/{new_id()}"
    declined = plain(start, "Patient/d1", who)
    declined["participant"][1]["status"] = "declined"
    id_ = await created(client, **plain_parts(declined))
    assert await send(client, plain(start, who, "Patient/d2")) == 201
    accepting = {
        **(await client.get(id_)).json(),
        "participant": plain(start, "Patient/d1", who)["participant"],
    }
    assert (await client.put(id_, json=accepting)).status_code == 409


async def test_a_room_that_becomes_a_shared_place_keeps_what_was_booked_alone(
    client: httpx.AsyncClient,
) -> None:
    room = await created(client, "Location", name="Room 1")
    start = TOMORROW + some_day()
    assert await send(client, plain(start, "Patient/h1", room)) == 201
    await created(client, "HealthcareService", location=[reference(room)])
    assert await send(client, plain(start + timedelta(minutes=10), "Patient/h2", room)) == 409
    for whom in ("Patient/h3", "Patient/h4"):
        assert await send(client, plain(start + timedelta(hours=2), whom, room)) == 201


@pytest.mark.parametrize("base", ["", "https://hospital.example/fhir/R4/"])
async def test_a_version_of_somebody_is_somebody(client: httpx.AsyncClient, base: str) -> None:
    """Also where a role says whose it is, an appointment names a role, and a schedule says whose it is."""
    practitioner = await created(client, "Practitioner")
    version = f"{base}{practitioner}/_history/1"
    role = await role_of(client, version)
    await created(client, "Schedule", extension=availability(), actor=[reference(version)])
    assert len(await find(client, practitioner)) == 4
    start = TOMORROW + timedelta(hours=9)
    assert await send(client, plain(start, practitioner)) == 201
    for name in (version, role, f"{base}{role}/_history/1"):
        assert await send(client, plain(start, name)) == 409
    assert [one["start"][11:16] for one in await find(client, practitioner)] == ["09:30", "10:00", "10:30"]


@pytest.mark.parametrize(
    ("base", "status"),
    [
        ("https://hospital.example/fhir/R4", 409),
        ("https://HOSPITAL.example/fhir/R4", 409),
        ("HTTPS://hospital.example:443/fhir/R4", 409),
        ("http://hospital.example/fhir/R4", 409),
        ("https://hospital.example.org/fhir/R4", 201),
        ("https://hospital.example:8443/fhir/R4", 201),
        ("https://hospital.example/FHIR/R4", 201),
        ("https://evil@hospital.example/fhir/R4", 201),
    ],
)
async def test_our_own_url_however_written_names_the_same_and_no_other_does(
    client: httpx.AsyncClient, base: str, status: int
) -> None:
    start, who = TOMORROW + some_day(), f"Practitioner/{new_id()}"
    assert await send(client, plain(start, who)) == 201
    assert await send(client, plain(start, f"{base}/{who}")) == status


async def test_a_booking_takes_the_role_into_account(clinic: Deployment, client: httpx.AsyncClient) -> None:
    practitioner = await practitioner_with_hours(client)
    await booked(client, practitioner, await patient(client))
    role = await role_of(client, practitioner)
    assert await send(client, plain(TOMORROW + timedelta(hours=9), role)) == 409
