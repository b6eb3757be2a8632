"""Entries of bundles over several owners: patches, conditions, references, reads; and what guards them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any
from uuid import uuid4

import orjson
import pytest

from telerehab.fhir.json import JsonObject
from tests.services.deployment import Deployment, deployed
from tests.services.gateway.bundles import (
    FHIR,
    batch,
    entry,
    goal,
    identifier,
    ids,
    observation,
    patient,
    post,
    transaction,
)

SYSTEM = "http://hospital.example/mrn"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def parameters(path: str, value: JsonObject) -> JsonObject:
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": path},
        {"name": "value", **value},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def binary(*operations: JsonObject) -> JsonObject:
    data = b64encode(orjson.dumps(operations)).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


async def made(deployment: Deployment, content: JsonObject) -> str:
    answer = await deployment.client.post(content["resourceType"], json=content, headers=FHIR)
    assert answer.status_code == 201, answer.text
    return f"{content['resourceType']}/{answer.json()['id']}"


async def read(deployment: Deployment, reference: str) -> Any:
    return (await deployment.client.get(reference)).json()


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["response"]["status"].split()[0] for one in answer.json()["entry"]]


@pytest.mark.parametrize("bundle", [batch, transaction])
async def test_patches_of_several_owners(deployment: Deployment, bundle: Any) -> None:
    mrn = uuid4().hex
    person = await made(deployment, patient(identifier=[identifier(mrn)]))
    aim, seen = await made(deployment, goal(person)), await made(deployment, observation(person))
    answer = await post(
        deployment,
        bundle(
            entry(
                "PATCH", aim, parameters("Goal.lifecycleStatus", {"valueCode": "on-hold"}), ifMatch='W/"1"'
            ),
            entry("PATCH", seen, binary({"op": "replace", "path": "/status", "value": "amended"})),
            entry(
                "PATCH",
                f"Patient?identifier={SYSTEM}|{mrn}",
                parameters("Patient.name[0].family", {"valueString": "Other"}),
            ),
        ),
    )
    assert statuses(answer) == ["200"] * 3
    assert [one["response"]["etag"] for one in answer.json()["entry"]] == ['W/"2"'] * 3
    assert (await read(deployment, aim))["lifecycleStatus"] == "on-hold"
    assert (await read(deployment, seen))["status"] == "amended"
    assert (await read(deployment, person))["name"][0]["family"] == "Other"
    history = await read(deployment, f"{aim}/_history")
    assert history["entry"][0]["request"]["method"] == "PATCH"


async def test_a_reference_in_a_patch_follows_the_entry_it_means(deployment: Deployment) -> None:
    aim = await made(deployment, goal("Patient/1"))
    change = parameters("Goal.subject", {"valueReference": {"reference": "urn:uuid:p"}})
    answer = await post(
        deployment,
        transaction(entry("PATCH", aim, change), entry("POST", "Patient", patient(), "urn:uuid:p")),
    )
    assert (await read(deployment, aim))["subject"]["reference"] == ids(answer)[1]


@pytest.mark.parametrize(
    ("spoilt", "status"),
    [
        (entry("PATCH", "Goal/never", binary()), 404),
        (entry("PATCH", "Goal?identifier=nobody", binary()), 404),
        (entry("PATCH", "Goal/never", {"resourceType": "Goal"}), 400),
        (entry("PUT", "Goal?identifier=nobody", goal("Patient/1", id="of-conflict")), 409),
        (entry("PUT", "Goal?_id=of-conflict", goal("Patient/1", id="other")), 400),
        (entry("GET", "Goal/never"), 404),
        (entry("GET", "Goal?colour=red"), 400),
        (entry("GET", "Nothing/1"), 404),
        (entry("POST", "Goal", goal("Nothing?identifier=1")), 404),
    ],
)
async def test_an_entry_that_cannot_be_done_fails_all(
    deployment: Deployment, spoilt: JsonObject, status: int
) -> None:
    await deployment.client.put("Goal/of-conflict", json=goal("Patient/1", id="of-conflict"), headers=FHIR)
    id_ = uuid4().hex
    answer = await post(deployment, transaction(entry("PUT", f"Patient/{id_}", patient(id=id_)), spoilt))
    assert answer.status_code == status, answer.text
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert (await deployment.client.get(f"Patient/{id_}")).status_code == 404


async def test_entries_are_done_in_the_order_of_the_standard(deployment: Deployment) -> None:
    old, id_ = await made(deployment, patient()), uuid4().hex
    answer = await post(
        deployment,
        transaction(
            entry("GET", f"Patient/{id_}"),
            entry("GET", f"Goal?subject=Patient/{id_}&_include=Goal:subject"),
            entry("PUT", f"Patient/{id_}", patient(id=id_)),
            entry("POST", "Goal", goal(f"Patient/{id_}")),
            entry("DELETE", old),
        ),
    )
    assert statuses(answer) == ["200", "200", "201", "201", "204"]
    assert len(answer.json()["entry"][1]["resource"]["entry"]) == 2


async def test_versions_and_oids_are_followed(deployment: Deployment) -> None:
    source = "http://elsewhere.example/fhir"
    person = patient(id="7", meta={"versionId": "3"})
    answer = await post(
        deployment,
        transaction(
            entry("POST", "Patient", person, f"{source}/Patient/7"),
            entry("POST", "Goal", goal("Patient/7/_history/3"), f"{source}/Goal/1"),
            entry("POST", "Goal", goal(f"{source}/Patient/7/_history/2")),
            entry("POST", "Goal", goal("urn:oid:1.2.3"), "urn:uuid:g"),
            entry("POST", "Patient", patient(), "urn:oid:1.2.3"),
        ),
    )
    made_, *goals, other = ids(answer)
    subjects = [(await read(deployment, each))["subject"]["reference"] for each in goals]
    assert subjects == [f"{made_}/_history/1", f"{source}/Patient/7/_history/2", other]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("there", [True, False])
async def test_a_reference_by_the_criteria_of_an_entry_is_to_what_it_writes(
    deployment: Deployment, method: str, there: bool
) -> None:
    criteria = f"identifier={SYSTEM}|{uuid4().hex}"
    person = patient(identifier=[identifier(criteria.partition("|")[2])])
    if there:
        await made(deployment, person)
    write = (
        entry("POST", "Patient", person, ifNoneExist=criteria)
        if method == "POST"
        else entry("PUT", f"Patient?{criteria}", person)
    )
    relative = patient(link=[{"other": {"reference": f"Patient?{criteria}"}, "type": "seealso"}])
    answer = await post(
        deployment,
        transaction(
            write, entry("POST", "Goal", goal(f"Patient?{criteria}")), entry("POST", "Patient", relative)
        ),
    )
    one, aim, other = ids(answer)
    assert (await read(deployment, aim))["subject"]["reference"] == one
    assert (await read(deployment, other))["link"][0]["other"]["reference"] == one


async def test_a_batch_resolves_references_by_criteria_each_alone(deployment: Deployment) -> None:
    mrn = uuid4().hex
    person = await made(deployment, patient(identifier=[identifier(mrn)]))
    answer = await post(
        deployment,
        batch(
            entry("POST", "Goal", goal(f"Patient?identifier={SYSTEM}|{mrn}")),
            entry("POST", "Goal", goal("Patient?identifier=nobody")),
            entry("POST", "Goal", goal("Nothing?identifier=nobody")),
        ),
    )
    assert statuses(answer) == ["201", "412", "404"]
    assert (await read(deployment, ids(answer)[0]))["subject"]["reference"] == person


async def test_entries_of_a_batch_that_cannot_be_read_fail_alone(deployment: Deployment) -> None:
    content = patient()
    answer = await post(
        deployment,
        batch(
            entry("POST", "Patient", content),
            {"resource": content},
            entry("FETCH", "Patient/1"),
            {"resource": content, "request": {"method": "POST"}},
            {"resource": content, "request": {"method": "POST", "url": "Patient"}, "colour": "red"},
            {"resource": {"name": "x"}, "request": {"method": "POST", "url": "Patient"}},
            entry("POST", "Patient", content, ifNoneExist="colour=red"),
            entry("POST", "Patient", content),
        ),
    )
    assert statuses(answer) == ["201", "400", "400", "400", "400", "400", "400", "201"]
    told = answer.json()["entry"]
    for index in range(1, 6):
        where = told[index]["response"]["outcome"]["issue"][0]["expression"][0]
        assert where.startswith(f"Bundle.entry[{index}]")


async def test_too_many_entries_are_413(deployment: Deployment) -> None:
    for bundle in (batch, transaction):
        answer = await post(deployment, bundle(*[entry("GET", "Patient/1")] * 1001))
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")


async def test_racing_conditional_updates_make_one_resource(deployment: Deployment) -> None:
    mrn = uuid4().hex
    url = f"Patient?identifier={SYSTEM}|{mrn}"
    bundle = transaction(
        entry("PUT", url, patient(identifier=[identifier(mrn)]), "urn:uuid:p"),
        entry("POST", "Goal", goal("urn:uuid:p")),
    )
    answers = await asyncio.gather(*(post(deployment, bundle) for _ in range(30)))
    done = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({ids(answer)[0] for answer in done}) == 1
    assert len((await read(deployment, f"Patient?identifier={mrn}"))["entry"]) == 1


async def test_what_a_reference_found_is_still_there_when_it_is_stored(deployment: Deployment) -> None:
    """A Patient is deleted while bundles refer to it by criteria at another owner: none is stored after that."""
    for _ in range(10):
        mrn = uuid4().hex
        person = await made(deployment, patient(identifier=[identifier(mrn)]))
        referring = transaction(entry("POST", "Goal", goal(f"Patient?identifier={SYSTEM}|{mrn}")))
        *answers, deleted = await asyncio.gather(
            *(post(deployment, referring) for _ in range(3)), deployment.client.delete(person)
        )
        assert deleted.status_code == 204
        gone = (await read(deployment, f"{person}/_history"))["entry"][0]["response"]["lastModified"]
        for answer in answers:
            assert answer.status_code in (200, 404, 409, 412), answer.text
            if answer.status_code == 200:
                (one,) = ids(answer)
                assert (await read(deployment, one))["meta"]["lastUpdated"] <= gone


async def test_separate_databases_take_what_needs_no_common_commit(
    new_database: Any, deployment_template: str
) -> None:
    dsn = await new_database(template=deployment_template)
    async with deployed(dsn, "direct", frozenset({"records"})) as apart:
        mrn = uuid4().hex
        person = await made(apart, patient(identifier=[identifier(mrn)]))
        answer = await post(
            apart,
            transaction(
                entry("POST", "Goal", goal(f"Patient?identifier={SYSTEM}|{mrn}")),
                entry("POST", "Observation", observation(person)),
                entry("GET", person),
            ),
        )
        assert statuses(answer) == ["201", "201", "200"]


@pytest.mark.parametrize("bundle", [batch, transaction])
async def test_what_the_limit_allows_is_taken_and_more_is_413(deployment: Deployment, bundle: Any) -> None:
    limit = deployment.engines["records"].settings.body_limit
    note = "x" * 1_000_000
    large = [
        entry("POST", "Patient", patient(text={"status": "generated", "div": f"<div {XHTML}>{note}</div>"}))
        for _ in range(limit // len(note))
    ]
    too_large = bundle(*large)
    assert (await post(deployment, bundle(*large[1:]))).status_code == 200
    answer = await post(deployment, too_large)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")
    alone = await deployment.client.post(
        "Patient", json=patient(name=[{"family": "x" * limit}]), headers=FHIR
    )
    assert alone.status_code == 413
