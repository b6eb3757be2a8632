"""Operations: called at their levels, their input checked by their definition, their effect committed; $validate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from telerehab.fhir.bundle import collection
from telerehab.fhir.json import JsonObject
from telerehab.operation import Parameters, operation
from telerehab.service import Service
from telerehab.unit_of_work import UnitOfWork
from tests.telerehab.server.conftest import client_of, engine_of

Json = dict[str, Any]


@operation("move.json")
async def move(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Makes a Basic that tells its input."""
    told = {
        "to": parameters.required("to"),
        "times": parameters.all("times"),
        "fast": parameters.one("fast"),
        "length": parameters.one("length"),
        "who": parameters.one("who") is not None,
        "feet": [step.required("foot") for step in parameters.all("step")],
        "on": parameters.on.id if parameters.on else None,
        "type": parameters.type,
    }
    return collection([work.create({"resourceType": "Basic", "code": {"text": repr(told)}})])


@operation("look.json")
async def look(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Tells its input."""
    told = [parameters.required("to"), parameters.all("times"), parameters.one("fast")]
    return {"resourceType": "Basic", "code": {"text": repr(told)}}


@pytest.fixture(scope="module")
async def client(new_database: Any, migrated: str) -> AsyncIterator[httpx.AsyncClient]:
    service = Service("records", operations=[move, look])
    async with (
        engine_of(service, await new_database(template=migrated)) as engine,
        client_of(engine) as opened,
    ):
        yield opened


def given(**values: Any) -> Json:
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, **value} for name, value in values.items()],
    }


TO = {"to": {"valueString": "here"}}


async def test_operation_that_writes_is_committed_and_answers_versions(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "Basic/$move",
        json={
            "resourceType": "Parameters",
            "parameter": [
                {"name": "to", "valueString": "here"},
                {"name": "times", "valueInteger": 1},
                {"name": "times", "valueInteger": 2},
                {"name": "length", "valueQuantity": {"value": 72.5}},
                {"name": "who", "resource": {"resourceType": "Patient"}},
                {"name": "step", "part": [{"name": "foot", "valueCode": "left"}]},
                {"name": "step", "part": [{"name": "foot", "valueCode": "right"}]},
            ],
        },
    )
    assert response.status_code == 200, response.text
    assert response.headers["x-telerehab-position"]
    (entry,) = response.json()["entry"]
    made = entry["resource"]
    assert made["meta"]["versionId"] == "1"
    assert "'times': [1, 2]" in made["code"]["text"]
    assert "'feet': ['left', 'right']" in made["code"]["text"]
    assert (await client.get(f"Basic/{made['id']}")).json() == made


async def test_each_level_tells_what_it_is_called_on(client: httpx.AsyncClient) -> None:
    on = (await client.post("Basic/$move", json=given(**TO))).json()["entry"][0]["resource"]["id"]
    for url, told in [
        ("$move", "'on': None, 'type': ''"),
        ("Basic/$move", "'on': None, 'type': 'Basic'"),
        (f"Basic/{on}/$move", f"'on': '{on}', 'type': 'Basic'"),
    ]:
        response = await client.post(url, json=given(**TO))
        assert told in response.text
    assert (await client.post("Basic/never/$move", json=given(**TO))).status_code == 404
    assert (await client.post("Patient/$move", json=given(**TO))).status_code == 404


async def test_what_writes_is_posted_what_does_not_may_be_got(client: httpx.AsyncClient) -> None:
    refused = await client.get("Basic/$move?to=here")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    got = await client.get("Basic/$look?to=here&times=3&times=4&fast=true&_format=json")
    assert got.status_code == 200, got.text
    assert got.json()["code"]["text"] == "['here', [3, 4], True]"


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({}, "Parameters.to"),
        ({**TO, "colour": {"valueString": "red"}}, "Parameters"),
        ({"to": {"valueCode": "here"}}, "Parameters.to"),
        ({"to": {"valueString": 7}}, "Parameters.parameter.where(name='to').value.ofType(string)"),
        (
            {**TO, "fast": {"valueBoolean": "yes"}},
            "Parameters.parameter.where(name='fast').value.ofType(boolean)",
        ),
        ({**TO, "who": {"resource": {"resourceType": "Practitioner"}}}, "Parameters.who"),
        ({**TO, "who": {"valueString": "x"}}, "Parameters.who"),
        ({**TO, "step": {"part": [{"name": "hand", "valueCode": "left"}]}}, "Parameters.step"),
        ({**TO, "step": {"part": [{"name": "knee", "valueCode": "left"}]}}, "Parameters.step.foot"),
    ],
)
async def test_input_is_checked_by_the_definition(
    client: httpx.AsyncClient, parameters: Json, where: str
) -> None:
    response = await client.post("Basic/$move", json=given(**parameters))
    assert response.status_code == 400, response.text
    assert where in [one for issue in response.json()["issue"] for one in issue["expression"]]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("to=a&to=b", 400), ("to=a&times=x", 400), ("to=a&fast=1", 400), ("to=a&length=5", 405),
     ("to=a&times=1&times=2&times=3", 400), ("to=a&colour=red", 400), ("to=", 400)],
)  # fmt: skip
async def test_parameters_in_the_url_are_checked_too(
    client: httpx.AsyncClient, query: str, status: int
) -> None:
    assert (await client.get(f"Basic/$look?{query}")).status_code == status


async def test_repeated_operation_has_one_effect(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "move it once"}
    texts = {(await client.post("Basic/$move", json=given(**TO), headers=headers)).text for _ in range(3)}
    assert len(texts) == 1


GOOD = {"resourceType": "Patient", "active": True}
BAD = {"resourceType": "Patient", "gender": "m", "birthDate": "2023-02-30"}


def errors(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return [issue["expression"][0] for issue in outcome["issue"] if issue["severity"] == "error"]


@pytest.mark.parametrize("wrapped", [False, True])
async def test_validate_lists_everything_wrong(client: httpx.AsyncClient, wrapped: bool) -> None:
    for resource, wrong in [(GOOD, []), (BAD, ["Patient.birthDate", "Patient.gender"])]:
        body = given(resource={"resource": resource}) if wrapped else resource
        assert sorted(errors(await client.post("Patient/$validate", json=body))) == wrong


async def test_validate_stores_nothing(client: httpx.AsyncClient) -> None:
    for mode in ("create", "profile"):
        assert errors(await client.post(f"Patient/$validate?mode={mode}", json=GOOD)) == []
    assert (await client.get("Patient?_summary=count")).json()["total"] == 0


async def test_validate_of_one_resource(client: httpx.AsyncClient) -> None:
    await client.put("Patient/known", json={**GOOD, "id": "known"})
    url = "Patient/known/$validate"
    assert errors(await client.post(f"{url}?mode=update", json={**GOOD, "active": False})) == []
    assert errors(await client.post(f"{url}?mode=update", json={**GOOD, "id": "other"})) == ["Patient.id"]
    assert errors(await client.post(f"{url}?mode=update", json=BAD)) != []
    assert errors(await client.post(f"{url}?mode=delete", json=given())) == []
    assert (await client.get("Patient/known")).json()["meta"]["versionId"] == "1"
    await client.delete("Patient/known")


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("mode=update", GOOD, 400),
        ("mode=delete", given(), 400),
        ("mode=nonsense", GOOD, 400),
        ("", given(), 400),
        ("profile=http://example.org/unknown", GOOD, 422),
        ("profile=http://hl7.org/fhir/StructureDefinition/Patient", GOOD, 200),
    ],
)
async def test_validate_refuses_what_makes_no_sense(
    client: httpx.AsyncClient, query: str, body: Json, status: int
) -> None:
    assert (await client.post(f"Patient/$validate?{query}", json=body)).status_code == status


BROKEN = {"resourceType": "Patient", "contact": [{"gender": "female"}], "telecom": [{"value": "1"}]}


async def test_validate_tells_of_invariants_as_errors_and_of_best_practice_as_warnings(
    client: httpx.AsyncClient,
) -> None:
    outcome = (await client.post("Patient/$validate", json=BROKEN)).json()
    told = [
        (issue["severity"], issue["diagnostics"].split()[-1], issue["expression"])
        for issue in outcome["issue"]
    ]
    assert sorted(told) == [
        ("error", "(cpt-2).", ["Patient.telecom[0]"]),
        ("error", "(pat-1).", ["Patient.contact[0]"]),
        ("warning", "(dom-6).", ["Patient"]),
    ]
    refused = await client.post("Patient", json=BROKEN)
    assert refused.status_code == 400
    assert {issue["severity"] for issue in refused.json()["issue"]} == {"error"}


async def test_validate_on_the_system_takes_the_type_from_the_resource(client: httpx.AsyncClient) -> None:
    assert errors(await client.post("$validate", json=GOOD)) == []
    assert sorted(errors(await client.post("$validate", json=BAD))) == ["Patient.birthDate", "Patient.gender"]
    assert errors(await client.post("$validate?mode=create", json=GOOD)) == []
    assert errors(await client.post("$validate", json={"resourceType": "Nonsense"})) == ["Nonsense"]
    assert (await client.post("$validate?mode=delete", json=given())).status_code == 400
    assert (await client.post("$validate", json=given())).status_code == 400


async def test_validate_of_one_resource_without_another_judges_what_is_stored(
    client: httpx.AsyncClient,
) -> None:
    await client.put("Patient/stored", json={**GOOD, "id": "stored"})
    assert errors(await client.post("Patient/stored/$validate", json=given())) == []
    assert (await client.post("Patient/stored/$validate?mode=update", json=given())).status_code == 400
    assert (await client.post("Patient/never-there/$validate", json=given())).status_code == 404
    await client.delete("Patient/stored")


async def test_validate_of_another_type_is_an_error(client: httpx.AsyncClient) -> None:
    assert errors(await client.post("Patient/$validate", json={"resourceType": "Basic"})) == ["resourceType"]
