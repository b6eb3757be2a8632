"""Small bundles and resources, and a way to post them."""

from __future__ import annotations

from typing import Any

from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from tests.services.deployment import BASE, Deployment

FHIR = {"content-type": "application/fhir+json"}


def entry(
    method: str, url: str, resource: JsonObject | None = None, full_url: str = "", **request: str
) -> JsonObject:
    made: JsonObject = {"fullUrl": full_url} if full_url else {}
    if resource is not None:
        made["resource"] = resource
    return {**made, "request": {"method": method, "url": url, **request}}


def batch(*entries: JsonObject) -> JsonObject:
    return {"resourceType": "Bundle", "type": "batch", "entry": list(entries)}


def transaction(*entries: JsonObject, **more: Any) -> JsonObject:
    return {"resourceType": "Bundle", "type": "transaction", **more, "entry": list(entries)}


def patient(family: str = "Test", **more: Any) -> JsonObject:
    return {"resourceType": "Patient", "name": [{"family": family}], **more}


def observation(subject: str, **more: Any) -> JsonObject:
    code = {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": {"reference": subject},
        **more,
    }


def goal(subject: str, **more: Any) -> JsonObject:
    return {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": {"text": "walk"},
        "subject": {"reference": subject},
        **more,
    }


def identifier(value: str) -> JsonObject:
    return {"system": "http://hospital.example/mrn", "value": value}


async def post(on: Deployment, bundle: JsonObject, **headers: str) -> Any:
    return await on.client.post("", content=json.dump(bundle), headers={**FHIR, **headers})


def ids(answer: Any) -> list[str]:
    """ "Type/id" of each entry of an answer."""
    locations = [one["response"].get("location", "") for one in answer.json()["entry"]]
    return ["/".join(location.removeprefix(f"{BASE}/").split("/")[:2]) for location in locations]
