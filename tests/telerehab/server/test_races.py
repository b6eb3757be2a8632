"""Many clients at once: one resource of one criteria, one winner of one version, one effect of one command."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

import httpx

CLIENTS = 50
PATIENT = {"resourceType": "Patient", "active": True}


def identified(value: str) -> dict[str, object]:
    return {**PATIENT, "identifier": [{"system": "http://example.org/mrn", "value": value}]}


async def all_at_once(*requests: object) -> list[httpx.Response]:
    return list(await asyncio.gather(*requests))  # type: ignore[call-overload]


async def test_racing_conditional_creates_make_one(client: httpx.AsyncClient) -> None:
    value = str(uuid4())
    spellings = [
        f"identifier=http://example.org/mrn|{value}&active=true",
        f"active=true&identifier=http://example.org/mrn|{value}",
        f"?active=true&identifier=http%3A%2F%2Fexample.org%2Fmrn%7C{value}",
    ]
    responses = await all_at_once(
        *(
            client.post("Patient", json=identified(value), headers={"if-none-exist": spellings[n % 3]})
            for n in range(CLIENTS)
        )
    )
    statuses = Counter(response.status_code for response in responses)
    assert statuses == {201: 1, 200: CLIENTS - 1}
    assert len({response.json()["id"] for response in responses}) == 1
    found = (await client.get("Patient", params={"identifier": value})).json()
    assert len(found["entry"]) == 1


async def test_conditional_create_with_several_matches_is_412(client: httpx.AsyncClient) -> None:
    value = str(uuid4())
    for _ in range(2):
        await client.post("Patient", json=identified(value))
    headers = {"if-none-exist": f"identifier={value}"}
    response = await client.post("Patient", json=identified(value), headers=headers)
    assert response.status_code == 412
    assert response.json()["issue"][0]["code"] == "multiple-matches"
    assert len((await client.get("Patient", params={"identifier": value})).json()["entry"]) == 2


async def test_racing_updates_of_one_version_have_one_winner(client: httpx.AsyncClient) -> None:
    patient = (await client.post("Patient", json=PATIENT)).json()
    url = f"Patient/{patient['id']}"
    responses = await all_at_once(
        *(
            client.put(url, json={**patient, "language": f"x-{n}"}, headers={"if-match": 'W/"1"'})
            for n in range(CLIENTS)
        )
    )
    assert Counter(response.status_code for response in responses) == {200: 1, 412: CLIENTS - 1}
    (winner,) = [response.json() for response in responses if response.status_code == 200]
    assert (await client.get(url)).json() == winner


async def test_racing_updates_lose_no_version(client: httpx.AsyncClient) -> None:
    patient = (await client.post("Patient", json=PATIENT)).json()
    url = f"Patient/{patient['id']}"

    async def update(n: int) -> int:
        """Read, then update what was read, until nobody was faster."""
        for attempt in range(200):
            now = await client.get(url)
            changed = {**now.json(), "multipleBirthInteger": now.json().get("multipleBirthInteger", 0) + 1}
            response = await client.put(url, json=changed, headers={"if-match": now.headers["etag"]})
            if response.status_code == 200:
                return attempt
            assert response.status_code in (409, 412)
        raise AssertionError("never")

    await asyncio.gather(*(update(n) for n in range(10)))
    now = (await client.get(url)).json()
    assert (now["multipleBirthInteger"], now["meta"]["versionId"]) == (10, "11")


async def test_racing_creates_under_one_id_make_one_version_each(client: httpx.AsyncClient) -> None:
    id_ = str(uuid4())
    responses = await all_at_once(
        *(
            client.put(f"Patient/{id_}", json={**PATIENT, "id": id_}, headers={"if-none-match": "*"})
            for _ in range(CLIENTS)
        )
    )
    assert Counter(response.status_code for response in responses) == {201: 1, 412: CLIENTS - 1}


async def test_repeated_command_has_one_effect_and_one_answer(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": str(uuid4())}
    responses = await all_at_once(*(client.post("Patient", json=PATIENT, headers=headers) for _ in range(20)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.text for response in responses}) == 1
    assert len({response.headers["location"] for response in responses}) == 1
    other = await client.post("Patient", json={**PATIENT, "active": False}, headers=headers)
    assert other.status_code == 422
    assert other.json()["issue"][0]["expression"] == ["http.Idempotency-Key"]


async def test_refused_command_may_be_corrected_under_its_key(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": str(uuid4())}
    refused = await client.post("Patient", json={**PATIENT, "gender": "x"}, headers=headers)
    corrected = await client.post("Patient", json=PATIENT, headers=headers)
    assert (refused.status_code, corrected.status_code) == (400, 201)
