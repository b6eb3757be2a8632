"""The definitions are those of R4 4.0.1, and nothing else."""

from __future__ import annotations

import pytest

from telerehab.fhir.definitions import (
    operation_definition,
    operation_definitions,
    resource_types,
    structure,
    value_set,
)


def test_every_resource_type_has_a_structure() -> None:
    assert len(resource_types()) == 146
    for name in resource_types():
        definition = structure(name)
        assert (definition["kind"], definition["abstract"]) == ("resource", False)
        assert definition["element"][0]["path"] == name


@pytest.mark.parametrize(
    "name", ["SubscriptionStatus", "Bot", "Nothing", "", "../structures/Patient", "patient"]
)
def test_what_is_no_type_of_r4_is_unknown(name: str) -> None:
    assert name not in resource_types()
    with pytest.raises(KeyError):
        structure(name)


@pytest.mark.parametrize(
    ("type_name", "path"),
    [
        ("Meta", "Meta.project"),
        ("Meta", "Meta.author"),
        ("Meta", "Meta.compartment"),
        ("Binary", "Binary.url"),
        ("DeviceDefinition", "DeviceDefinition.classification"),
        ("EvidenceVariable", "EvidenceVariable.characteristic.definitionId"),
        ("ResearchStudy", "ResearchStudy.recruitment"),
    ],
)
def test_no_element_from_elsewhere(type_name: str, path: str) -> None:
    assert path not in {element["path"] for element in structure(type_name)["element"]}


def test_every_type_named_by_an_element_exists() -> None:
    for name in resource_types():
        for element in structure(name)["element"]:
            for type_ in element.get("type", ()):
                structure(type_["code"])
                targets = set(type_.get("targetProfile", ())) - {"Resource"}
                assert type_["code"] == "canonical" or targets <= resource_types()


def test_value_sets_by_canonical_with_or_without_version() -> None:
    codes = [
        concept.code for concept in value_set("http://hl7.org/fhir/ValueSet/administrative-gender") or ()
    ]
    assert codes == ["male", "female", "other", "unknown"]
    assert value_set("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1") is not None
    assert value_set("http://hl7.org/fhir/ValueSet/mimetypes|4.0.1") is None


def test_operations_by_code_and_type() -> None:
    assert len(operation_definitions()) == 46
    everything = operation_definition("everything", "Patient")
    assert everything is not None
    assert everything["resource"] == ["Patient"]
    validate = operation_definition("validate", "Appointment")
    assert validate is not None
    assert validate["resource"] == ["Resource"]
    assert operation_definition("everything", "Slot") is None
    assert operation_definition("everything") is None
    assert operation_definition("convert") is not None
