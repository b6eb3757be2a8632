"""What callers may ask $find, $hold and $book for: references in every form, again and again, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from telerehab.fhir.when import utc
from tests.services.deployment import BASE, Deployment
from tests.services.scheduling.clinic import (
    TOMORROW,
    answered,
    availability,
    created,
    find,
    operate,
    patient,
    plain,
    practitioner_with_hours,
    reference,
)

DAY = {"start": utc(TOMORROW), "end": utc(TOMORROW + timedelta(days=1))}


async def total(client: httpx.AsyncClient, **asked: str) -> int:
    answer = await client.get("Appointment/$find", params={**DAY, **asked})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


async def proposed(client: httpx.AsyncClient) -> str:
    found = await find(client, await practitioner_with_hours(client))
    return f"Appointment/{found[0]['id']}"


async def test_a_practitioner_may_be_named_in_every_form(client: httpx.AsyncClient) -> None:
    one, other = await practitioner_with_hours(client), await practitioner_with_hours(client)
    assert await total(client, practitioner=one) == 4
    assert await total(client, practitioner=one.partition("/")[2]) == 4
    assert await total(client, practitioner=f"{BASE}/{one}") == 4
    assert await total(client, practitioner=f"{one},{other}") == 8


@pytest.mark.parametrize(
    "name", ["practitioner", "location", "healthcare-service", "organization", "patient"]
)
@pytest.mark.parametrize(
    "value",
    [
        "Practitioner/1&status=free",
        "Practitioner/a|b",
        "Practitioner/a$b",
        "Practitioner/a\\,b",
        "Practitioner/..%2F",
        "Device/1",
        "Practitioner/",
        "https://elsewhere.example/fhir/Practitioner/1",
        "a b",
        "x" * 65,
        ",",
    ],
)
async def test_what_is_no_reference_is_refused(client: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await client.get("Appointment/$find", params={**DAY, name: value})
    assert answer.status_code == 400, answer.text
    assert answer.json()["issue"][0]["expression"] == [f"Parameters.parameter('{name}')"]


async def test_organization_and_place_narrow_what_is_found(client: httpx.AsyncClient) -> None:
    organization = await created(client, "Organization", name="Clinic")
    place = await created(client, "Location", name="Main site")
    service = await created(client, "HealthcareService", providedBy=reference(organization))
    actors = [reference(place), reference(service)]
    await created(client, "Schedule", extension=availability(), actor=actors)
    assert await total(client, organization=organization) == 4
    assert await total(client, location=place) == 4
    assert await total(client, **{"healthcare-service": service}) == 4
    assert await total(client, location=place, organization="Organization/other") == 0


async def test_own_absolute_references_work_like_relative_ones(client: httpx.AsyncClient) -> None:
    proposal, whom = await proposed(client), await patient(client)
    held = answered(
        await operate(
            client,
            "hold",
            appointment_reference=reference(f"{BASE}/{proposal}"),
            patient_reference=reference(f"{BASE}/{whom}"),
        )
    )
    booked = answered(
        await operate(
            client,
            "book",
            appointment_reference=reference(f"{BASE}/Appointment/{held['id']}"),
            patient_reference=reference(f"{BASE}/{whom}"),
        )
    )
    assert (booked["id"], booked["status"]) == (held["id"], "booked")
    assert {one["actor"]["reference"] for one in booked["participant"]} >= {whom}


async def test_an_appointment_given_with_absolute_references_is_booked_once(
    client: httpx.AsyncClient,
) -> None:
    whom, practitioner = await patient(client), await practitioner_with_hours(client)
    start = TOMORROW + timedelta(days=150)
    ids = set()
    for people in ((whom, practitioner), (f"{BASE}/{whom}", f"{BASE}/{practitioner}")):
        answer = await operate(client, "book", appointment_resource=plain(start, *people))
        ids.add(answered(answer)["id"])
    assert len(ids) == 1


@pytest.mark.parametrize("operation", ["hold", "book"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appointment-reference", "Slot/1"),
        ("appointment-reference", "https://elsewhere.example/fhir/R4/Appointment/1"),
        ("patient-reference", "Practitioner/1"),
        ("patient-reference", "Patient/1&status=pending"),
    ],
)
async def test_a_reference_to_something_else_is_refused(
    client: httpx.AsyncClient, operation: str, name: str, value: str
) -> None:
    given = {"appointment-reference": reference("Appointment/1"), name: reference(value)}
    answer = await operate(client, operation, **{key.replace("-", "_"): one for key, one in given.items()})
    assert answer.status_code == 400, answer.text
    assert name in answer.json()["issue"][0]["expression"][0]


async def test_a_patient_by_identifier_alone_is_refused(client: httpx.AsyncClient) -> None:
    by_identifier = {"identifier": {"system": "urn:x", "value": "1"}}
    answer = await operate(
        client,
        "hold",
        appointment_reference=reference(await proposed(client)),
        patient_reference=by_identifier,
    )
    assert answer.status_code == 400
    assert "patient-reference" in answer.text


async def test_a_hold_asked_for_again_is_the_same_hold(client: httpx.AsyncClient) -> None:
    proposal, whom = reference(await proposed(client)), reference(await patient(client))
    first = answered(await operate(client, "hold", appointment_reference=proposal, patient_reference=whom))
    again = answered(await operate(client, "hold", appointment_reference=proposal, patient_reference=whom))
    assert again == first
    other = reference(await patient(client))
    refused = await operate(client, "hold", appointment_reference=proposal, patient_reference=other)
    assert refused.status_code == 409
    assert (await operate(client, "hold", appointment_reference=proposal)).status_code == 409


async def test_who_holds_a_time_may_book_it_by_its_proposal(client: httpx.AsyncClient) -> None:
    proposal, whom = reference(await proposed(client)), reference(await patient(client))
    held = answered(await operate(client, "hold", appointment_reference=proposal, patient_reference=whom))
    booked = answered(await operate(client, "book", appointment_reference=proposal, patient_reference=whom))
    assert (booked["id"], booked["status"]) == (held["id"], "booked")


async def test_a_hold_that_has_run_out_is_not_answered_again(
    clinic: Deployment, client: httpx.AsyncClient
) -> None:
    proposal, whom = reference(await proposed(client)), reference(await patient(client))
    answered(await operate(client, "hold", appointment_reference=proposal, patient_reference=whom))
    engine = clinic.engines["scheduling"]
    clock = engine.clock
    engine.clock = lambda: clock() + timedelta(minutes=10)
    try:
        late = await operate(client, "hold", appointment_reference=proposal, patient_reference=whom)
    finally:
        engine.clock = clock
    assert late.status_code == 409


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"start": "2026-02-30T00:00:00Z"}, "start"),
        ({"start": "2026-01-01"}, "start"),
        ({"end": "2026-01-01T00:00:00"}, "end"),
        ({"end": "9999-12-31T23:59:59-14:00"}, "end"),
        ({"start": DAY["end"], "end": DAY["end"]}, "end"),
        ({"_count": "0"}, "_count"),
        ({"_count": "many"}, "_count"),
    ],
)
async def test_ranges_that_are_none_are_refused(
    client: httpx.AsyncClient, asked: dict[str, str], where: str
) -> None:
    answer = await client.get("Appointment/$find", params={**DAY, **asked})
    assert answer.status_code == 400, answer.text
    assert where in answer.text


async def test_a_huge_range_finds_what_there_is(client: httpx.AsyncClient) -> None:
    practitioner = await practitioner_with_hours(client)
    found = await total(
        client, practitioner=practitioner, start="1900-01-01T00:00:00Z", end="9000-01-01T00:00:00Z"
    )
    assert 4 * 54 <= found <= 4 * 57, "eight weeks of four times a day"
    few = await client.get("Appointment/$find", params={**DAY, "practitioner": practitioner, "_count": "1"})
    assert (len(few.json()["entry"]), few.json()["total"]) == (1, 4)


async def test_what_begins_now_is_not_found_any_more(clinic: Deployment, client: httpx.AsyncClient) -> None:
    practitioner = await practitioner_with_hours(client)
    engine = clinic.engines["scheduling"]
    clock = engine.clock
    engine.clock = lambda: TOMORROW + timedelta(hours=9, minutes=30)
    try:
        left = await find(client, practitioner)
    finally:
        engine.clock = clock
    assert [one["start"][11:16] for one in left] == ["10:00", "10:30"]


async def test_what_ends_with_the_range_lies_within(client: httpx.AsyncClient) -> None:
    practitioner = await practitioner_with_hours(client)
    eleven = TOMORROW + timedelta(hours=11)
    assert await total(client, practitioner=practitioner, end=utc(eleven)) == 4
    assert await total(client, practitioner=practitioner, end=utc(eleven - timedelta(seconds=1))) == 3


async def test_the_same_time_with_somebody_else_is_another_booking(client: httpx.AsyncClient) -> None:
    whom, start = await patient(client), TOMORROW + timedelta(days=151)
    first = plain(start, whom, await practitioner_with_hours(client))
    answered(await operate(client, "book", appointment_resource=first))
    second = plain(start, whom, await practitioner_with_hours(client))
    assert (await operate(client, "book", appointment_resource=second)).status_code == 409
