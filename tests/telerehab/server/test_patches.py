"""PATCH over HTTP: JSON Patch and FHIRPath Patch judged as updates, conditions on versions, entries of bundles."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

Json = dict[str, Any]
JSON_PATCH = {"content-type": "application/json-patch+json"}
PATIENT: Json = {"resourceType": "Patient", "active": True, "name": [{"family": "Meyer"}], "gender": "male"}


async def made(client: httpx.AsyncClient, **more: Any) -> str:
    response = await client.post("Patient", json={**PATIENT, **more})
    assert response.status_code == 201, response.text
    return f"Patient/{response.json()['id']}"


def replacing(path: str, value: Any) -> list[Json]:
    return [{"op": "replace", "path": path, "value": value}]


def parameters(type_: str, path: str, value: Json | None = None) -> Json:
    parts: list[Json] = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
    parts += [{"name": "value", **value}] if value else []
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def binary(operations: list[Json]) -> Json:
    data = b64encode(orjson.dumps(operations)).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


async def test_json_patch_makes_the_next_version(client: httpx.AsyncClient) -> None:
    url = await made(client)
    operations = [
        {"op": "test", "path": "/meta/versionId", "value": "1"},
        *replacing("/active", False),
        {"op": "add", "path": "/name/0/given", "value": ["Ada"]},
    ]
    response = await client.patch(url, json=operations, headers=JSON_PATCH)
    patient = response.json()
    assert response.status_code == 200
    assert (response.headers["etag"], patient["meta"]["versionId"]) == ('W/"2"', "2")
    assert (patient["active"], patient["name"]) == (False, [{"family": "Meyer", "given": ["Ada"]}])
    assert (await client.get(url)).json() == patient
    history = (await client.get(f"{url}/_history")).json()["entry"]
    assert [each["request"]["method"] for each in history] == ["PATCH", "POST"]


async def test_fhirpath_patch_makes_the_next_version(client: httpx.AsyncClient) -> None:
    url = await made(client)
    body = parameters("replace", "Patient.name.where(family = 'Meyer').family", {"valueString": "Okafor"})
    response = await client.patch(url, json=body)
    assert response.status_code == 200, response.text
    assert response.json()["name"] == [{"family": "Okafor"}]


async def test_a_patch_that_changes_nothing_makes_no_version(client: httpx.AsyncClient) -> None:
    url = await made(client)
    for body, headers in (([], JSON_PATCH), (parameters("delete", "Patient.birthDate"), {})):
        response = await client.patch(url, json=body, headers=headers)
        assert (response.status_code, response.headers["etag"]) == (200, 'W/"1"')


@pytest.mark.parametrize(
    ("operations", "status", "where"),
    [
        (replacing("/gender", "x"), 422, "Patient.gender"),
        (replacing("/id", "other"), 422, "id"),
        (replacing("/resourceType", "Person"), 422, "resourceType"),
        ([{"op": "remove", "path": "/name"}, {"op": "remove", "path": "/name"}], 422, "[1]"),
        ([{"op": "test", "path": "/active", "value": False}, *replacing("/active", False)], 422, "[0]"),
        ([{"op": "replace", "path": "", "value": "nothing"}], 422, None),
        ([{"op": "set", "path": "/active"}], 400, "[0].op"),
        ({"active": False}, 400, None),
    ],
)
async def test_a_patch_that_does_not_work_changes_nothing(
    client: httpx.AsyncClient, operations: Any, status: int, where: str | None
) -> None:
    url = await made(client)
    response = await client.patch(url, json=operations, headers=JSON_PATCH)
    assert response.status_code == status, response.text
    assert response.json()["issue"][0].get("expression") == (where and [where])
    assert (await client.get(url)).headers["etag"] == 'W/"1"'


async def test_what_is_not_there_is_not_patched(client: httpx.AsyncClient) -> None:
    url = await made(client)
    await client.delete(url)
    assert (await client.patch(url, json=[], headers=JSON_PATCH)).status_code == 410
    assert (await client.patch("Patient/never", json=[], headers=JSON_PATCH)).status_code == 404


@pytest.mark.parametrize(("condition", "status"), [('W/"1"', 200), ('"1"', 200), ('W/"2"', 412), ("1", 400)])
async def test_a_patch_of_one_version(client: httpx.AsyncClient, condition: str, status: int) -> None:
    url = await made(client)
    headers = {**JSON_PATCH, "if-match": condition}
    response = await client.patch(url, json=replacing("/active", False), headers=headers)
    assert response.status_code == status
    assert (await client.get(url)).json()["active"] is (status != 200)


@pytest.mark.parametrize("prefer", ["minimal", "representation", "OperationOutcome"])
async def test_prefer_says_what_a_patch_answers(client: httpx.AsyncClient, prefer: str) -> None:
    url = await made(client)
    headers = {**JSON_PATCH, "prefer": f"return={prefer}"}
    response = await client.patch(url, json=replacing("/active", False), headers=headers)
    types = {"minimal": None, "representation": "Patient", "OperationOutcome": "OperationOutcome"}
    assert (response.json()["resourceType"] if response.content else None) == types[prefer]
    assert response.headers["location"].endswith(f"{url}/_history/2")


async def test_racing_patches_lose_nothing(client: httpx.AsyncClient) -> None:
    url = await made(client, identifier=[{"value": "0"}])

    async def add(n: int) -> None:
        patch = [{"op": "add", "path": "/identifier/-", "value": {"value": str(n)}}]
        for _ in range(100):
            response = await client.patch(url, json=patch, headers=JSON_PATCH)
            if response.status_code == 200:
                return
            assert response.status_code == 409, response.text
        raise AssertionError("never")

    await asyncio.gather(*(add(n) for n in range(1, 11)))
    patient = (await client.get(url)).json()
    assert {each["value"] for each in patient["identifier"]} == {str(n) for n in range(11)}
    assert patient["meta"]["versionId"] == "11"


async def test_conditional_patch(client: httpx.AsyncClient) -> None:
    value = uuid4().hex
    criteria = f"Patient?identifier={value}"
    patch = replacing("/active", False)
    assert (await client.patch(criteria, json=patch, headers=JSON_PATCH)).status_code == 404
    url = await made(client, identifier=[{"value": value}])
    response = await client.patch(criteria, json=patch, headers=JSON_PATCH)
    assert (response.status_code, response.json()["active"]) == (200, False)
    stale = {**JSON_PATCH, "if-match": 'W/"1"'}
    assert (await client.patch(criteria, json=replacing("/active", True), headers=stale)).status_code == 412
    await made(client, identifier=[{"value": value}])
    several = await client.patch(criteria, json=replacing("/active", True), headers=JSON_PATCH)
    assert (several.status_code, several.json()["issue"][0]["code"]) == (412, "multiple-matches")
    assert (await client.get(url)).headers["etag"] == 'W/"2"'


@pytest.mark.parametrize("type_", ["batch", "transaction"])
async def test_bundles_carry_patches(client: httpx.AsyncClient, type_: str) -> None:
    value = uuid4().hex
    first, second, third = (
        await made(client),
        await made(client),
        await made(client, identifier=[{"value": value}]),
    )
    entries = [
        {"request": {"method": "PATCH", "url": first}, "resource": binary(replacing("/active", False))},
        {
            "request": {"method": "PATCH", "url": second, "ifMatch": 'W/"1"'},
            "resource": parameters("delete", "Patient.active"),
        },
        {
            "request": {"method": "PATCH", "url": f"Patient?identifier={value}"},
            "resource": parameters("replace", "Patient.gender", {"valueCode": "other"}),
        },
    ]
    response = await client.post("", json={"resourceType": "Bundle", "type": type_, "entry": entries})
    answers = [each["response"] for each in response.json()["entry"]]
    assert [(each["status"], each["etag"]) for each in answers] == [("200 OK", 'W/"2"')] * 3
    assert (await client.get(first)).json()["active"] is False
    assert "active" not in (await client.get(second)).json()
    assert (await client.get(third)).json()["gender"] == "other"


async def test_a_patch_in_a_transaction_that_does_not_work_fails_all(client: httpx.AsyncClient) -> None:
    first, second = await made(client), await made(client)
    entries = [
        {"request": {"method": "PATCH", "url": first}, "resource": parameters("delete", "Patient.active")},
        {
            "request": {"method": "PATCH", "url": second},
            "resource": binary(replacing("/birthDate", "1970-01-01")),
        },
    ]
    response = await client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert response.status_code == 422
    assert response.json()["issue"][0]["expression"] == ["Bundle.entry[1].[0]"]
    assert (await client.get(first)).headers["etag"] == 'W/"1"'
