"""A clinic to book at: the resources that the tests of booking send, and the calls they make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.scheduling.domain.availability import WEEKDAYS
from telerehab.canonical import SLOT_MINUTES, TIMEZONE, WEEKLY_AVAILABILITY
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc

TOMORROW = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def reference(to: str) -> JsonObject:
    return {"reference": to}


async def created(client: httpx.AsyncClient, type_: str, **content: Any) -> str:
    response = await client.post(type_, json={"resourceType": type_, **content})
    assert response.status_code == 201, response.text
    return f"{type_}/{response.json()['id']}"


def availability(start: str = "09:00:00", end: str = "11:00:00", minutes: int = 30) -> list[JsonObject]:
    """The extensions of a Schedule with the same hours on every day, in UTC."""
    hours = [
        *({"url": "daysOfWeek", "valueCode": day} for day in WEEKDAYS),
        {"url": "availableStartTime", "valueTime": start},
        {"url": "availableEndTime", "valueTime": end},
    ]
    return [
        {"url": WEEKLY_AVAILABILITY, "extension": hours},
        {"url": TIMEZONE, "valueCode": "UTC"},
        {"url": SLOT_MINUTES, "valuePositiveInt": minutes},
    ]


async def practitioner_with_hours(client: httpx.AsyncClient) -> str:
    """A practitioner who works every day, nine to eleven UTC, in slots of half an hour."""
    practitioner = await created(client, "Practitioner", name=[{"family": "Adler"}])
    await created(client, "Schedule", extension=availability(), actor=[{"reference": practitioner}])
    return practitioner


async def patient(client: httpx.AsyncClient) -> str:
    return await created(client, "Patient", name=[{"family": "Okafor"}])


async def operate(client: httpx.AsyncClient, name: str, **parameters: Any) -> httpx.Response:
    listed = [
        {
            "name": key.replace("_", "-"),
            **({"resource": value} if "resourceType" in value else {"valueReference": value}),
        }
        for key, value in parameters.items()
    ]
    return await client.post(f"Appointment/${name}", json={"resourceType": "Parameters", "parameter": listed})


async def find(client: httpx.AsyncClient, practitioner: str, days: int = 1) -> list[JsonObject]:
    asked = {
        "start": utc(TOMORROW),
        "end": utc(TOMORROW + timedelta(days=days)),
        "practitioner": practitioner,
    }
    response = await client.get("Appointment/$find", params=asked)
    assert response.status_code == 200, response.text
    return [entry["resource"] for entry in response.json().get("entry", ())]


async def booked(client: httpx.AsyncClient, practitioner: str, whom: str, nth: int = 0) -> JsonObject:
    proposal = (await find(client, practitioner))[nth]
    answer = await operate(
        client,
        "book",
        appointment_reference=reference(f"Appointment/{proposal['id']}"),
        patient_reference=reference(whom),
    )
    return answered(answer)


def answered(response: httpx.Response) -> JsonObject:
    """The one Appointment that an operation answers."""
    assert response.status_code == 200, response.text
    (entry,) = response.json()["entry"]
    return dict(entry["resource"])


def plain(start: datetime, *actors: str, minutes: int = 30, **more: Any) -> JsonObject:
    """An appointment as a hospital's system sends it."""
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "start": utc(start),
        "end": utc(start + timedelta(minutes=minutes)),
        "participant": [{"actor": reference(actor), "status": "accepted"} for actor in actors],
        **more,
    }
