"""$validate at the one base URL: the owner of the resource's type judges, whatever the level."""

from __future__ import annotations

from typing import Any

import pytest

from telerehab.fhir import json
from tests.services.deployment import Deployment
from tests.services.gateway.bundles import FHIR

GOAL = {"resourceType": "Goal", "lifecycleStatus": "active", "description": {"text": "walk"},
        "subject": {"reference": "Patient/1"}}  # fmt: skip
UNMEASURED = {**GOAL, "target": [{"detailString": "far"}]}


def given(resource: Any, **more: str) -> dict[str, Any]:
    modes = [{"name": name, "valueCode": value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": resource}, *modes]}


@pytest.mark.parametrize(
    ("url", "body", "told"),
    [
        ("$validate", GOAL, []),
        ("$validate", given(GOAL, mode="create"), []),
        ("$validate", UNMEASURED, ["Goal.target[0]"]),
        ("Goal/$validate", given(UNMEASURED), ["Goal.target[0]"]),
        ("Patient/$validate", GOAL, ["resourceType"]),
    ],
)
async def test_a_resource_is_judged_at_every_level(
    deployment: Deployment, url: str, body: dict[str, Any], told: list[str]
) -> None:
    response = await deployment.client.post(url, content=json.dump(body), headers=FHIR)
    assert response.status_code == 200, response.text
    issues = [issue for issue in response.json()["issue"] if issue["severity"] == "error"]
    assert [issue["expression"][0] for issue in issues] == told


@pytest.mark.parametrize(
    "body",
    [
        given({"resourceType": ["Goal"]}),
        given("Goal"),
        given({}),
        {"resourceType": "Parameters", "parameter": 1},
        {"resourceType": "Parameters", "parameter": [7]},
        given(GOAL, mode="nonsense"),
        given(GOAL, mode="update"),
    ],
)
async def test_what_cannot_be_judged_is_an_outcome_too(deployment: Deployment, body: dict[str, Any]) -> None:
    response = await deployment.client.post("$validate", content=json.dump(body), headers=FHIR)
    assert response.status_code in (200, 400), response.text
    assert {issue["severity"] for issue in response.json()["issue"]} >= {"error"}


async def test_it_is_posted(deployment: Deployment) -> None:
    assert (await deployment.client.get("$validate")).status_code == 405
