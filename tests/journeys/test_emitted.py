"""What the platform says in the stories is FHIR R4, by an independent reader and by the definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module

import pytest

from demo.deployment import Deployment
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from tests.journeys.emitted import emitted

MADE_HERE = {
    "Appointment",
    "Bundle",
    "CarePlan",
    "Communication",
    "DetectedIssue",
    "Encounter",
    "Observation",
    "OperationOutcome",
    "Parameters",
    "QuestionnaireResponse",
    "RequestGroup",
    "ServiceRequest",
    "Slot",
    "Task",
}


@pytest.fixture(scope="module")
def resources(platform: Deployment) -> Sequence[JsonObject]:
    return list(emitted(platform))


def test_the_stories_make_all_that_the_platform_is_for(resources: Sequence[JsonObject]) -> None:
    assert Counter(one["resourceType"] for one in resources).keys() >= MADE_HERE


def test_everything_is_read_by_fhir_resources(resources: Sequence[JsonObject]) -> None:
    unread = {}
    for one in resources:
        type_ = one["resourceType"]
        model = getattr(import_module(f"fhir.resources.R4B.{type_.lower()}"), type_)
        try:
            model.model_validate_json(json.dump(one))
        except ValueError as error:
            unread[f"{type_}/{one.get('id')}"] = str(error)
    assert unread == {}


def test_everything_follows_the_definitions(resources: Sequence[JsonObject]) -> None:
    wrong = {f"{one['resourceType']}/{one.get('id')}": found for one in resources if (found := validate(one))}
    assert wrong == {}
