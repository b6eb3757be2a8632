"""The compartments of the definitions lead where the search parameters do."""

from __future__ import annotations

import pytest

from telerehab.fhir.definitions import resource_types
from telerehab.fhir.definitions.compartment import ITSELF, compartments
from telerehab.fhir.search import parameters


def test_there_are_the_five_of_r4() -> None:
    assert sorted(compartments()) == ["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"]


@pytest.mark.parametrize("name", sorted(compartments()))
def test_each_code_is_a_reference_to_what_the_compartment_is_named_after(name: str) -> None:
    for type_, codes in compartments()[name].items():
        assert type_ in resource_types()
        assert codes
        for code in codes:
            if code == ITSELF:
                assert type_ == name
            else:
                assert parameters(type_)[code].type == "reference"
                assert name in parameters(type_)[code].targets, (type_, code)
