"""Which ids the references of a resource name."""

from __future__ import annotations

import pytest

from telerehab.references import id_at, ids_at, references_at


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Patient/1", "1"),
        ("Patient/1/_history/2", "1"),
        ("Group/1", ""),
        ("Patient/", ""),
        ("Patient/1/2", ""),
        ("Patient/..%2f", ""),
        ("https://elsewhere.example/Patient/1", ""),
        ("#1", ""),
        ("urn:uuid:6f0a6cb5-4f6c-4c7d-9a55-5d0f4f2b7a11", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_only_a_resource_of_the_type_here_is_named(reference: object, expected: str) -> None:
    assert id_at({"subject": {"reference": reference}}, "subject", "Patient") == expected


def test_ids_come_once_and_in_order() -> None:
    people = [{"individual": {"reference": f"Practitioner/{id_}"}} for id_ in ("b", "a", "b")]
    assert ids_at({"participant": [*people, {}]}, "participant.individual", "Practitioner") == ["b", "a"]
    assert id_at({}, "subject", "Patient") == ""


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Slot/1", ["Slot/1"]),
        ("Slot/1/_history/2", ["Slot/1"]),
        ("https://elsewhere.example/Slot/1/_history/2", ["https://elsewhere.example/Slot/1"]),
        ("#1", ["#1"]),
        (None, []),
        (7, []),
    ],
)
def test_a_version_names_the_same(reference: object, expected: list[str]) -> None:
    slots = [{"reference": reference}, {"reference": reference}, {"display": "later"}]
    assert references_at({"slot": slots}, "slot") == expected
