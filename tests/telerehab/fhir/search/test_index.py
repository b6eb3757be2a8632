"""Index rows: what is kept beside a resource."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from telerehab.fhir import json
from telerehab.fhir.search import ReferenceRow, StringRow, index, parameter_hash, parameters
from telerehab.fhir.search.rows import BEGINNING, END_OF_TIME
from telerehab.fhir.search.token_hash import token_hash

Resource = dict[str, Any]


def test_every_official_example_and_every_synthea_resource_is_indexed(
    examples: list[tuple[str, Resource]], synthea: list[Resource]
) -> None:
    for resource in [*(resource for _, resource in examples), *synthea]:
        rows = index(resource)
        assert rows.type == resource["resourceType"]
        assert rows.tokens == sorted(set(rows.tokens))
        assert all(-(2**63) <= token < 2**63 for token in rows.tokens)
        for kind in (rows.dates, rows.strings, rows.numbers, rows.references, rows.patients):
            assert len(kind) == len(set(kind))
        assert all(row.lo < row.hi for row in rows.dates)
        assert all(row.lo <= row.hi for row in rows.numbers)


def test_hashes_are_the_same_in_every_process() -> None:
    assert token_hash("Observation.code", "code", "8867-4") == -1019542708976299701
    program = (
        "from telerehab.fhir.search.token_hash import token_hash as h; print(h('Observation.code', 'x'))"
    )
    again = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(again) == token_hash("Observation.code", "x")


@pytest.mark.parametrize(
    ("resource", "patients"),
    [
        ({"resourceType": "Patient", "id": "a", "link": [{"other": {"reference": "Patient/b"}}]}, ["a"]),
        ({"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/a"}}, ["a"]),
        ({"resourceType": "Observation", "id": "o", "subject": {"reference": "Group/g"}}, []),
        ({"resourceType": "Observation", "id": "o", "focus": [{"reference": "Patient/a"}]}, []),
        ({"resourceType": "Observation", "subject": {"reference": "http://our/fhir/Patient/a"}}, ["a"]),
        ({"resourceType": "Observation", "subject": {"reference": "http://other/fhir/Patient/a"}}, []),
        (
            {
                "resourceType": "Appointment",
                "id": "o",
                "participant": [
                    {"actor": {"reference": "Patient/a"}},
                    {"actor": {"reference": "Practitioner/p"}},
                    {"actor": {"reference": "Patient/b"}},
                ],
            },
            ["a", "b"],
        ),
        ({"resourceType": "Practitioner", "id": "p"}, []),
    ],
)
def test_the_patients_whose_compartment_a_resource_is_in(resource: Resource, patients: list[str]) -> None:
    assert index(resource, base="http://our/fhir").patients == patients


def test_patient_and_subject_share_one_reference_row() -> None:
    rows = index({"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/a/_history/3"}})
    assert rows.references == [ReferenceRow(parameter_hash("Observation", "subject"), "Patient", "a")]
    assert parameter_hash("Observation", "patient") == parameter_hash("Observation", "subject")


def test_open_periods_reach_to_the_ends_of_time() -> None:
    begun = {"resourceType": "Encounter", "id": "e", "period": {"start": "2024-02"}}
    over = {"resourceType": "Encounter", "id": "e", "period": {"end": "2024-02"}}
    (row,) = index(begun).dates
    assert (row.lo, row.hi) == (datetime(2024, 2, 1, tzinfo=UTC), END_OF_TIME)
    (row,) = index(over).dates
    assert (row.lo, row.hi) == (BEGINNING, datetime(2024, 3, 1, tzinfo=UTC))


def test_every_part_of_a_name_has_its_row() -> None:
    rows = index(
        {"resourceType": "Patient", "id": "p", "name": [{"family": "Müller-Łuk", "given": ["Zoë", " ANNA "]}]}
    )
    name = parameters("Patient")["name"].hash
    assert [row for row in rows.strings if row.parameter == name] == [
        StringRow(name, "muller-luk", "Müller-Łuk"),
        StringRow(name, "zoe", "Zoë"),
        StringRow(name, "anna", " ANNA "),
    ]


def test_contained_resources_are_not_indexed_and_references_to_them_are_not_local() -> None:
    rows = index(
        {
            "resourceType": "Observation",
            "id": "o",
            "contained": [{"resourceType": "Patient", "id": "p"}],
            "subject": {"reference": "#p"},
        }
    )
    assert rows.references == []
    assert rows.patients == []


def test_numbers_keep_their_digits() -> None:
    observation = json.parse_object(
        '{"resourceType": "Observation", "id": "o", "valueQuantity": {"value": 72.50}}'
    )
    (row,) = index(observation).numbers
    assert str(row.lo) == "72.50"
