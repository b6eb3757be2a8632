"""Real resources: HL7's examples, whole Synthea patients, examples after the Physical Activity guide.

The refused ones and why they are invalid: docs/decisions/0011-examples-that-are-refused.md.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.json import dump, parse_object
from telerehab.fhir.validation import validate

DATA = Path(__file__).parents[3] / "data"

REFUSED = {
    "ActivityDefinition-blood-tubes-supply.json": {("invariant", "ActivityDefinition.text.div")},
    "ActivityDefinition-heart-valve-replacement.json": {("invariant", "ActivityDefinition.text.div")},
    "Questionnaire-zika-virus-exposure-assessment.json": {("invariant", "Questionnaire.text.div")},
    "DeviceMetric-example.json": {("value", "DeviceMetric.parent.reference")},
}
REFUSED_OF_THE_GUIDE = {
    "Bundle-ExampleBundleTaskSearchResponse.json": {
        ("required", "Bundle.entry[0].resource.intent"),
        ("value", "Bundle.entry[0].resource.note[0].author.ofType(Reference).reference"),
    },
    "Bundle-Scen2NotificationCompletedTaskBundle.json": {("required", "Bundle.type")},
    "Bundle-Scen2NotificationUpdatedTaskBundle.json": {("required", "Bundle.type")},
    "Bundle-Scen2SubscriptionNotificationNewTaskBundle.json": {("required", "Bundle.type")},
    "Bundle-Scen3NotificationCompletedTaskBundle.json": {("required", "Bundle.type")},
    "Bundle-Scen3NotificationUpdatedTaskBundle.json": {("required", "Bundle.type")},
    "Goal-ExampleGoal.json": {("value", "Goal.note[0].author.ofType(Reference).reference")},
    "Task-ExampleFulfillmentTask.json": {
        ("required", "Task.intent"),
        ("value", "Task.note[0].author.ofType(Reference).reference"),
    },
}
LACKING_IN_R4B = {
    "EffectEvidenceSynthesis",
    "MedicinalProduct",
    "MedicinalProductAuthorization",
    "MedicinalProductContraindication",
    "MedicinalProductIndication",
    "MedicinalProductIngredient",
    "MedicinalProductInteraction",
    "MedicinalProductManufactured",
    "MedicinalProductPackaged",
    "MedicinalProductPharmaceutical",
    "MedicinalProductUndesirableEffect",
    "RiskEvidenceSynthesis",
    "SubstanceNucleicAcid",
    "SubstancePolymer",
    "SubstanceProtein",
    "SubstanceReferenceInformation",
    "SubstanceSourceMaterial",
    "SubstanceSpecification",
}


def lines(name: str) -> Iterator[str]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        yield from file


@cache
def examples(name: str) -> dict[str, str]:
    return {record["file"]: record["text"] for record in map(json.loads, lines(name))}


OFFICIAL = "r4-examples.ndjson.gz"
GUIDE = "physical-activity-ig.ndjson.gz"


@pytest.mark.parametrize(("name", "refused"), [(OFFICIAL, REFUSED), (GUIDE, REFUSED_OF_THE_GUIDE)])
def test_examples_are_valid_but_for_the_known(name: str, refused: dict[str, set[tuple[str, str]]]) -> None:
    found = {}
    for file, text in examples(name).items():
        issues = validate(parse_object(text))
        if issues:
            found[file] = {(issue.code, issue.expression) for issue in issues}
    assert found == refused


def test_synthea_patients_are_valid_as_bundles_and_entry_by_entry() -> None:
    patients = 0
    for line in lines("synthea-r4-transactions.ndjson.gz"):
        bundle = parse_object(line)
        assert validate(bundle) == []
        for entry in bundle["entry"]:
            assert validate(entry["resource"], in_bundle=True) == []
        patients += 1
    assert patients == 12


def test_entries_outside_their_bundle_must_not_refer_by_urn() -> None:
    bundle = parse_object(next(lines("synthea-r4-transactions.ndjson.gz")))
    encounter = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Encounter")
    assert {issue.expression for issue in validate(encounter)} >= {"Encounter.subject.reference"}


def test_every_example_is_dumped_as_it_was_read() -> None:
    for text in examples(OFFICIAL).values():
        assert json.loads(dump(parse_object(text)), parse_float=str) == json.loads(text, parse_float=str)


def test_the_types_that_r4b_lacks_are_those_listed() -> None:
    lacking = {name for name in resource_types() if find_spec(f"fhir.resources.R4B.{name.lower()}") is None}
    assert lacking == LACKING_IN_R4B


def test_examples_are_read_by_fhir_resources() -> None:
    unread = {}
    for file, text in examples(OFFICIAL).items():
        resource = json.loads(text)
        type_name = resource["resourceType"]
        if type_name in LACKING_IN_R4B:
            continue
        model = getattr(import_module(f"fhir.resources.R4B.{type_name.lower()}"), type_name)
        try:
            model.model_validate(resource)
        except ValueError as error:
            unread[file] = str(error)
    assert unread == {}
