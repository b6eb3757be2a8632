"""The CapabilityStatement: valid, and each claim compared with what the service does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from telerehab.engine import Engine
from telerehab.fhir.definitions import resource_types
from telerehab.fhir.validation import validate
from tests.telerehab.server.conftest import RECORDS

CODES = {
    "read": ("GET", "{type}/x", 404),
    "vread": ("GET", "{type}/x/_history/1", 404),
    "update": ("PUT", "{type}/x", 415),
    "delete": ("DELETE", "{type}/x", 204),
    "history-instance": ("GET", "{type}/x/_history", 404),
    "history-type": ("GET", "{type}/_history", 200),
    "create": ("POST", "{type}", 415),
    "search-type": ("GET", "{type}", 200),
    "patch": ("PATCH", "{type}/x", 415),
}
SYSTEM = {
    "history-system": ("GET", "_history?_count=1", 200),
    "transaction": ("POST", "", 415),
    "batch": ("POST", "", 415),
    "search-system": ("GET", "?_type=Patient&_count=0", 200),
}


@pytest.fixture(scope="module")
async def statement(client: httpx.AsyncClient) -> dict[str, Any]:
    response = await client.get("metadata")
    assert response.status_code == 200
    result: dict[str, Any] = response.json()
    return result


async def test_statement_is_valid(statement: dict[str, Any]) -> None:
    assert validate(statement) == []
    assert CapabilityStatement.model_validate(statement)
    assert statement["fhirVersion"] == "4.0.1"


async def test_types_are_those_the_service_owns(statement: dict[str, Any], client: httpx.AsyncClient) -> None:
    claimed = {resource["type"] for resource in statement["rest"][0]["resource"]}
    assert claimed == RECORDS.types
    for type_ in resource_types():
        assert (await client.get(f"{type_}/x")).status_code == 404
        assert (await client.get(type_, params={"_count": 0})).status_code == (
            200 if type_ in claimed else 404
        )


async def test_interactions_are_those_that_answer(
    statement: dict[str, Any], client: httpx.AsyncClient
) -> None:
    rest = statement["rest"][0]
    for resource in rest["resource"][:3]:
        claimed = {interaction["code"] for interaction in resource["interaction"]}
        assert claimed <= CODES.keys()
        for code, (method, url, status) in CODES.items():
            response = await client.request(method, url.format(type=resource["type"]))
            assert response.status_code == status, (code, resource["type"], response.text)
            assert (status != 405) == (code in claimed)
    claimed = {interaction["code"] for interaction in rest["interaction"]}
    assert claimed <= SYSTEM.keys()
    for code, (method, url, status) in SYSTEM.items():
        response = await client.request(method, url)
        assert response.status_code == status, (code, response.text)
        assert (status != 405) == (code in claimed)


VALUES = {
    "token": "true", "string": "x", "reference": "Patient/x", "date": "2024", "uri": "http://example.org/x",
    "number": "5", "quantity": "5", "composite": None, "special": None,
}  # fmt: skip


async def test_every_claimed_search_parameter_is_answered(
    statement: dict[str, Any], client: httpx.AsyncClient
) -> None:
    for resource in statement["rest"][0]["resource"]:
        for parameter in resource["searchParam"]:
            value = VALUES[parameter["type"]]
            if value is not None:
                query: dict[str, str] = {parameter["name"]: value, "_count": "1"}
                response = await client.get(resource["type"], params=query)
                assert response.status_code == 200, (resource["type"], parameter, response.text)


async def test_conditional_claims_hold(statement: dict[str, Any], client: httpx.AsyncClient) -> None:
    for resource in statement["rest"][0]["resource"]:
        assert (resource["conditionalUpdate"], resource["conditionalDelete"]) == (True, "single")
    body = {"resourceType": "Patient", "active": True}
    assert (await client.put("Patient?identifier=of-claims", json=body)).status_code == 201
    assert (await client.delete("Patient?identifier=of-claims")).status_code == 204
    assert (await client.patch("Patient?identifier=of-claims", json=body)).status_code == 400
    assert (
        await client.patch("Patient?identifier=of-claims", json={"resourceType": "Parameters"})
    ).status_code == 404


async def test_claimed_patch_formats_are_taken(statement: dict[str, Any], client: httpx.AsyncClient) -> None:
    url = f"Patient/{(await client.post('Patient', json={'resourceType': 'Patient', 'active': True})).json()['id']}"
    bodies = {"application/json-patch+json": b"[]", "application/fhir+json": b'{"resourceType":"Parameters"}'}
    assert statement["patchFormat"] == list(bodies)
    for format_, body in bodies.items():
        answer = await client.patch(url, content=body, headers={"content-type": format_})
        assert answer.status_code == 200, answer.text
    answer = await client.patch(
        url, content=b"<diff/>", headers={"content-type": "application/xml-patch+xml"}
    )
    assert answer.status_code == 415
    assert "application/json-patch+json" in answer.json()["issue"][0]["diagnostics"]


async def test_claimed_operations_are_answered(statement: dict[str, Any], client: httpx.AsyncClient) -> None:
    for resource in statement["rest"][0]["resource"]:
        for operation in resource["operation"]:
            url = f"{resource['type']}/${operation['name']}"
            given = {"name": "resource", "resource": {"resourceType": resource["type"]}}
            response = await client.post(url, json={"resourceType": "Parameters", "parameter": [given]})
            assert response.status_code == 200, response.text


async def test_mode_other_than_full_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("metadata?mode=full")).status_code == 200
    assert (await client.get("metadata?mode=terminology")).status_code == 400


async def test_documentation_lists_the_interactions(client: httpx.AsyncClient, engine: Engine) -> None:
    paths = (await client.get("http://127.0.0.1:8080/openapi.json")).json()["paths"]
    assert paths["/fhir/R4/{type}/{id}"].keys() == {"get", "put", "patch", "delete"}
    assert "Patient" in paths["/fhir/R4/{type}"]["post"]["parameters"][0]["schema"]["enum"]
    assert (await client.get("http://127.0.0.1:8080/docs")).status_code == 200
    assert (await client.get("http://127.0.0.1:8080/livez")).status_code == 200
    assert b"telerehab" in (await client.get("http://127.0.0.1:8080/metrics")).content
