"""Fifty clients book overlapping times of one physiotherapist at once, in every way there is: exactly one wins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from tests.faults.breakable import FHIR_JSON, Breakable

CLIENTS = 50
ROUNDS = 50
FIRST = (datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)


def appointment(patient: str, practitioner: str, start: datetime) -> JsonObject:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "start": utc(start),
        "end": utc(start + timedelta(minutes=60)),
        "participant": [
            {"actor": {"reference": reference}, "status": "accepted"} for reference in (patient, practitioner)
        ],
    }


def as_request(number: int, wanted: JsonObject) -> tuple[str, JsonObject]:
    """By `$book`, by a plain create, or in a transaction."""
    match number % 3:
        case 0:
            given = {"name": "appointment-resource", "resource": wanted}
            return "Appointment/$book", {"resourceType": "Parameters", "parameter": [given]}
        case 1:
            return "Appointment", wanted
    entry = {"resource": wanted, "request": {"method": "POST", "url": "Appointment"}}
    return "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}


async def test_exactly_one_of_fifty_gets_the_time(platform: Breakable) -> None:
    people = await _people(platform.deployment.base)
    patients, practitioner = people[:-1], people[-1]
    clients = [
        httpx.AsyncClient(
            base_url=f"{platform.deployment.base}/", timeout=60, trust_env=False, headers=FHIR_JSON
        )
        for _ in patients
    ]
    try:
        for number in range(ROUNDS):
            noon = FIRST + timedelta(hours=3 * number)  # within every appointment of the round
            answers = await asyncio.gather(
                *(
                    _book(
                        client,
                        place + number,
                        appointment(patient, practitioner, noon - timedelta(minutes=place)),
                    )
                    for place, (client, patient) in enumerate(zip(clients, patients, strict=True))
                )
            )
            won = [answer for answer in answers if answer.status_code in (200, 201)]
            lost = [answer for answer in answers if answer.status_code == 409]
            assert (len(won), len(lost)) == (1, CLIENTS - 1), sorted(answer.status_code for answer in answers)
            for answer in lost:
                outcome = json.parse_object(answer.content)
                assert outcome["resourceType"] == "OperationOutcome"
                assert not any(patient.partition("/")[2] in answer.text for patient in patients)
            stored = await clients[0].get("Appointment", params={"actor": practitioner, "_count": "1000"})
            assert len(json.parse_object(stored.content)["entry"]) == number + 1
    finally:
        for client in clients:
            await client.aclose()


async def _book(client: httpx.AsyncClient, number: int, wanted: JsonObject) -> httpx.Response:
    path, content = as_request(number, wanted)
    return await client.post(path, content=json.dump(content))


async def _people(base: str) -> Sequence[str]:
    """References of as many patients as there are clients, and of a physiotherapist."""
    types = ["Patient"] * CLIENTS + ["Practitioner"]
    entries = [
        {"resource": {"resourceType": type_}, "request": {"method": "POST", "url": type_}} for type_ in types
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    async with httpx.AsyncClient(timeout=60, trust_env=False, headers=FHIR_JSON) as client:
        answer = await client.post(base, content=json.dump(bundle))
    made = json.parse_object(answer.content)["entry"]
    return ["/".join(entry["response"]["location"].split("/")[-4:-2]) for entry in made]
