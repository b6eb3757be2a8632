"""The services' rules judge what a patch or a conditional write would leave, exactly as they judge an update."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from services.outcomes.domain.alert import ACKNOWLEDGE
from services.outcomes.domain.codes import TASK
from telerehab.canonical import PROGRAMME, VISIT
from telerehab.fhir.json import JsonObject
from telerehab.fhir.patch.json_patch import JsonPatch
from tests.services.deployment import Deployment
from tests.services.gateway.bundles import FHIR, batch, entry, patient, post, transaction
from tests.services.gateway.test_transaction_writes import binary
from tests.services.scheduling import clinic

JSON_PATCH = {"content-type": "application/json-patch+json"}
SUBJECT = {"subject": {"reference": "Patient/1"}}

PLAIN: dict[str, JsonObject] = {
    "scheduling": {
        "resourceType": "Appointment",
        "status": "booked",
        "start": "2099-03-02T09:00:00Z",
        "end": "2099-03-02T09:30:00Z",
        "participant": [{"actor": {"reference": "Practitioner/p"}, "status": "accepted"}],
    },
    "session": {
        "resourceType": "Encounter",
        "status": "planned",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR"},
        **SUBJECT,
    },
    "exercise_prescription": {"resourceType": "CarePlan", "status": "active", "intent": "plan", **SUBJECT},
    "outcomes": {"resourceType": "Task", "status": "completed", "intent": "order"},
}
"""Records of a hospital's, which no rule of ours is about."""


def operations(service: str, resource: JsonObject) -> list[JsonObject]:
    """What would make the record ours, in a state that nothing of ours comes into this way."""
    profiles = {"session": VISIT, "exercise_prescription": PROGRAMME}
    if service in profiles:
        return [{"op": "add", "path": "/meta/profile", "value": [profiles[service]]}]
    if service == "outcomes":
        coding = {"system": TASK, "code": ACKNOWLEDGE}
        return [{"op": "add", "path": "/code", "value": {"coding": [coding]}}]
    taken = resource["participant"][0]["actor"]["reference"].replace("own", "taken")
    return [{"op": "replace", "path": "/participant/0/actor/reference", "value": taken}]


def parameters(service: str, resource: JsonObject) -> JsonObject:
    """The same as a FHIRPath Patch."""
    type_ = resource["resourceType"]
    (operation,) = operations(service, resource)
    value = operation["value"]
    match service:
        case "scheduling":
            path = f"{type_}.participant[0].actor.reference"
            parts = [("type", "Code", "replace"), ("path", "String", path), ("value", "String", value)]
        case "outcomes":
            parts = [("type", "Code", "add"), ("path", "String", type_), ("name", "String", "code")]
            parts += [("value", "CodeableConcept", value)]
        case _:
            parts = [
                ("type", "Code", "add"),
                ("path", "String", f"{type_}.meta"),
                ("name", "String", "profile"),
            ]
            parts += [("value", "Canonical", value[0])]
    listed = [{"name": name, f"value{kind}": given} for name, kind, given in parts]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": listed}]}


async def stored(deployment: Deployment, service: str, tag: str) -> JsonObject:
    """A record of the hospital's; where times are taken, with another that has taken the time."""
    content: JsonObject = {**PLAIN[service], "meta": {"tag": [{"code": tag}]}}
    if service == "scheduling":
        for whose in ("taken", "own"):
            actor = {"actor": {"reference": f"Practitioner/{whose}-{tag}"}, "status": "accepted"}
            content = {**content, "participant": [actor]}
            if whose == "taken":
                untagged = {name: value for name, value in content.items() if name != "meta"}
                await created(deployment, untagged)
    return await created(deployment, content)


async def created(deployment: Deployment, content: JsonObject) -> JsonObject:
    answer = await deployment.client.post(content["resourceType"], json=content, headers=FHIR)
    assert answer.status_code == 201, answer.text
    result: JsonObject = answer.json()
    return result


async def written(deployment: Deployment, how: str, service: str, resource: JsonObject, tag: str) -> int:
    """The status of the write, done in one of many ways."""
    url, criteria = f"{resource['resourceType']}/{resource['id']}", f"{resource['resourceType']}?_tag={tag}"
    wanted = operations(service, resource)
    result = JsonPatch.of(wanted).apply(resource)
    client = deployment.client
    match how:
        case "PUT":
            answer = await client.put(url, json=result, headers=FHIR)
        case "PUT?":
            answer = await client.put(criteria, json=result, headers=FHIR)
        case "JSON Patch":
            answer = await client.patch(url, json=wanted, headers=JSON_PATCH)
        case "FHIRPath Patch":
            answer = await client.patch(url, json=parameters(service, resource), headers=FHIR)
        case "PATCH?":
            answer = await client.patch(criteria, json=wanted, headers=JSON_PATCH)
        case "batch":
            answer = await post(deployment, batch(entry("PATCH", url, binary(*wanted))))
            return int(answer.json()["entry"][0]["response"]["status"][:3])
        case _:
            patched = entry("PATCH", criteria, parameters(service, resource))
            answer = await post(deployment, transaction(entry("POST", "Patient", patient()), patched))
    return answer.status_code


@pytest.mark.parametrize("service", PLAIN)
@pytest.mark.parametrize(
    "how", ["PUT", "PUT?", "JSON Patch", "FHIRPath Patch", "PATCH?", "batch", "transaction"]
)
async def test_what_a_rule_refuses_to_an_update_it_refuses_however_it_is_written(
    deployment: Deployment, service: str, how: str
) -> None:
    tag = uuid4().hex
    resource = await stored(deployment, service, tag)
    expected = 409 if service == "scheduling" else 422
    assert await written(deployment, how, service, resource, tag) == expected
    answer = await deployment.client.get(f"{resource['resourceType']}/{resource['id']}")
    assert answer.headers["etag"] == 'W/"1"'


async def test_a_patched_merge_is_announced(deployment: Deployment) -> None:
    old, kept = await created(deployment, patient()), await created(deployment, patient())
    link = {"other": {"reference": f"Patient/{kept['id']}"}, "type": "replaced-by"}
    answer = await deployment.client.patch(
        f"Patient/{old['id']}",
        json=[{"op": "add", "path": "/link", "value": [link]}],
        headers=JSON_PATCH,
    )
    assert answer.status_code == 200, answer.text
    rows = await deployment.engines["records"].store.pool.fetch(
        "SELECT type FROM outbox WHERE subject = $1", f"Patient/{old['id']}"
    )
    assert "telerehab.events.v1.PatientMerged" in [row["type"] for row in rows]


async def test_a_visit_is_patched_along_its_lifecycle_only(deployment: Deployment) -> None:
    client: httpx.AsyncClient = deployment.client
    practitioner = await clinic.practitioner_with_hours(client)
    visit = await clinic.booked(client, practitioner, await clinic.patient(client))
    url = f"Appointment/{visit['id']}"

    async def become(status: str) -> httpx.Response:
        patch = [{"op": "replace", "path": "/status", "value": status}]
        return await client.patch(url, json=patch, headers=JSON_PATCH)

    refused = await become("pending")
    assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (422, ["Appointment.status"])
    cancelled = await become("cancelled")
    assert (cancelled.status_code, cancelled.headers["etag"]) == (200, 'W/"2"')
    slot = visit["slot"][0]["reference"]
    assert (await client.get(slot)).json()["status"] == "free"
    assert (await become("booked")).status_code == 422
