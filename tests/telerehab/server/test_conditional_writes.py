"""Conditional update and delete: none, one and several matches, conditions on versions, many clients at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import pytest

CLIENTS = 30
Json = dict[str, Any]


def identified(value: str, **more: Any) -> Json:
    return {"resourceType": "Patient", "active": True, "identifier": [{"value": value}], **more}


async def ids(client: httpx.AsyncClient, value: str) -> list[str]:
    found = (await client.get("Patient", params={"identifier": value})).json()
    return [each["resource"]["id"] for each in found.get("entry", ())]


async def test_update_without_a_match_creates(client: httpx.AsyncClient) -> None:
    value, own = uuid4().hex, uuid4().hex
    made = await client.put(f"Patient?identifier={value}", json=identified(value))
    assert (made.status_code, made.headers["etag"]) == (201, 'W/"1"')
    assert made.headers["location"].endswith(f"/Patient/{made.json()['id']}/_history/1")
    under_own_id = await client.put("Patient?identifier=nobody", json=identified("x", id=own))
    assert (under_own_id.status_code, under_own_id.json()["id"]) == (201, own)


async def test_update_with_a_match_updates(client: httpx.AsyncClient) -> None:
    value = uuid4().hex
    made = (await client.post("Patient", json=identified(value))).json()
    url = f"Patient?identifier={value}"
    changed = await client.put(url, json=identified(value, active=False))
    assert (changed.status_code, changed.json()["id"], changed.headers["etag"]) == (200, made["id"], 'W/"2"')
    same = await client.put(url, json=changed.json())
    assert (same.status_code, same.headers["etag"]) == (200, 'W/"2"')
    other = await client.put(url, json=identified(value, id="other"))
    assert (other.status_code, other.json()["issue"][0]["expression"]) == (400, ["Patient.id"])


async def test_update_that_would_create_what_is_there_is_409(client: httpx.AsyncClient) -> None:
    own = (await client.post("Patient", json=identified("there"))).json()["id"]
    response = await client.put("Patient?identifier=nobody", json=identified("x", id=own))
    assert response.status_code == 409
    assert (await client.get(f"Patient/{own}")).headers["etag"] == 'W/"1"'
    await client.delete(f"Patient/{own}")
    again = await client.put("Patient?identifier=nobody", json=identified("x", id=own))
    assert (again.status_code, again.headers["etag"]) == (201, 'W/"3"')


async def test_several_matches_are_left_alone(client: httpx.AsyncClient) -> None:
    value = uuid4().hex
    for _ in range(2):
        await client.post("Patient", json=identified(value))
    url = f"Patient?identifier={value}"
    for response in (await client.put(url, json=identified(value, active=False)), await client.delete(url)):
        assert (response.status_code, response.json()["issue"][0]["code"]) == (412, "multiple-matches")
    assert len(await ids(client, value)) == 2


async def test_delete(client: httpx.AsyncClient) -> None:
    value = uuid4().hex
    url = f"Patient?identifier={value}"
    assert (await client.delete(url)).status_code == 204
    id_ = (await client.post("Patient", json=identified(value))).json()["id"]
    assert (await client.delete(url, headers={"if-match": 'W/"2"'})).status_code == 412
    gone = await client.delete(url, headers={"prefer": "return=OperationOutcome"})
    assert (gone.status_code, gone.headers["etag"]) == (200, 'W/"2"')
    assert f"Patient/{id_} is deleted" in gone.text
    assert (await client.get(f"Patient/{id_}")).status_code == 410
    assert (await client.delete(url)).status_code == 204


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("Patient", {}, 400),
        ("Patient?_format=json", {}, 400),
        ("Patient?colour=red", {"prefer": "handling=lenient"}, 400),
        ("Patient?birthdate=x", {}, 400),
        ("Patient?identifier=nobody", {"if-match": "1"}, 400),
    ],
)
async def test_criteria_are_always_strict(
    client: httpx.AsyncClient, url: str, headers: dict[str, str], status: int
) -> None:
    put = await client.put(url, json=identified("x"), headers=headers)
    deleted = await client.delete(url, headers=headers)
    assert (put.status_code, deleted.status_code) == (status, status)


async def test_conditions_on_versions_hold_for_the_match(client: httpx.AsyncClient) -> None:
    value = uuid4().hex
    url = f"Patient?identifier={value}"
    body = identified(value)
    assert (await client.put(url, json=body, headers={"if-match": 'W/"1"'})).status_code == 412
    assert (await client.put(url, json=body, headers={"if-none-match": "*"})).status_code == 201
    assert (await client.put(url, json=body, headers={"if-none-match": "*"})).status_code == 412
    changed = await client.put(url, json={**body, "active": False}, headers={"if-match": 'W/"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"2"')


async def test_racing_updates_and_creates_make_one(client: httpx.AsyncClient) -> None:
    value = uuid4().hex
    body = identified(value)
    responses = await asyncio.gather(
        *(client.put(f"Patient?identifier={value}", json=body) for _ in range(CLIENTS)),
        *(
            client.post("Patient", json=body, headers={"if-none-exist": f"identifier={value}"})
            for _ in range(CLIENTS)
        ),
    )
    assert Counter(response.status_code for response in responses) == {201: 1, 200: 2 * CLIENTS - 1}
    assert len(await ids(client, value)) == 1


async def test_racing_deletions_delete_once(client: httpx.AsyncClient) -> None:
    value = uuid4().hex
    id_ = (await client.post("Patient", json=identified(value))).json()["id"]
    responses = await asyncio.gather(*(client.delete(f"Patient?identifier={value}") for _ in range(CLIENTS)))
    assert {response.status_code for response in responses} == {204}
    history = (await client.get(f"Patient/{id_}/_history")).json()
    assert [each["request"]["method"] for each in history["entry"]] == ["DELETE", "POST"]


async def test_what_no_longer_matches_is_not_deleted(client: httpx.AsyncClient) -> None:
    """An update that takes the match away races with a deletion by the criteria: both never happen."""
    for _ in range(20):
        value = uuid4().hex
        patient = (await client.post("Patient", json=identified(value))).json()
        moved = {**patient, "identifier": [{"value": f"moved-{value}"}]}
        update, _ = await asyncio.gather(
            client.put(f"Patient/{patient['id']}", json=moved, headers={"if-match": 'W/"1"'}),
            client.delete(f"Patient?identifier={value}"),
        )
        left = await client.get(f"Patient/{patient['id']}")
        assert left.status_code == (200 if update.status_code == 200 else 410)


async def test_in_a_transaction(client: httpx.AsyncClient) -> None:
    first, second, third = (uuid4().hex for _ in range(3))
    there = (await client.post("Patient", json=identified(first))).json()["id"]
    link = {"link": [{"other": {"reference": "urn:uuid:new"}, "type": "seealso"}]}
    entries: list[Json] = [
        {
            "request": {"method": "PUT", "url": f"Patient?identifier={first}"},
            "resource": identified(first, **link),
        },
        {
            "fullUrl": "urn:uuid:new",
            "request": {"method": "PUT", "url": f"Patient?identifier={second}"},
            "resource": identified(second),
        },
        {"request": {"method": "DELETE", "url": f"Patient?identifier={third}"}},
    ]
    response = await client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    answers = [each["response"]["status"] for each in response.json()["entry"]]
    assert answers == ["200 OK", "201 Created", "204 No Content"]
    (made,) = await ids(client, second)
    read = (await client.get(f"Patient/{there}")).json()
    assert read["link"][0]["other"]["reference"] == f"Patient/{made}"
    entries[2:] = [{"request": {"method": "DELETE", "url": f"Patient/{there}"}}]
    overlapping = await client.post(
        "", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}
    )
    assert overlapping.status_code == 422
    entries[2:] = [entries[1] | {"fullUrl": "urn:uuid:again"}]
    doubled = await client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert doubled.status_code == 422
