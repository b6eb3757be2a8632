"""What the entries of a transaction write, in which order, and which of them cannot stand together."""

from __future__ import annotations

from typing import Any

import pytest

from telerehab.fhir.bundle import Entry
from telerehab.fhir.bundle_writes import in_order, refuse_doubled, refuse_overlaps, write_of
from telerehab.fhir.outcome import FhirError

PATIENT = {"resourceType": "Patient", "id": "1"}


def entry(
    method: str, url: str, resource: Any = None, index: int = 0, full_url: str | None = None, **headers: str
) -> Entry:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Entry(index, method, url, full_url, resource, named)


@pytest.mark.parametrize(
    ("asked", "type_", "id_", "criteria"),
    [
        (entry("POST", "Patient", PATIENT), "Patient", "", None),
        (entry("POST", "Patient", PATIENT, if_none_exist="identifier=1"), "Patient", "", "identifier=1"),
        (
            entry("POST", "Patient", PATIENT, if_none_exist="Patient?identifier=1"),
            "Patient",
            "",
            "identifier=1",
        ),
        (entry("PUT", "Patient/1", PATIENT), "Patient", "1", None),
        (entry("PUT", "Patient?identifier=1", PATIENT), "Patient", "", "identifier=1"),
        (entry("DELETE", "Patient/1"), "Patient", "1", None),
        (entry("DELETE", "Patient?identifier=1"), "Patient", "", "identifier=1"),
    ],
)
def test_an_entry_says_what_it_writes(asked: Entry, type_: str, id_: str, criteria: str | None) -> None:
    write = write_of(asked)
    assert (write.type, write.id, write.criteria) == (type_, id_, criteria)


def test_a_create_ignores_the_id_it_comes_with() -> None:
    assert write_of(entry("POST", "Patient", PATIENT)).content == {"resourceType": "Patient"}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (entry("POST", "Nothing", {"resourceType": "Nothing"}), 404),
        (entry("POST", "Patient/1", PATIENT), 400),
        (entry("POST", "Patient?name=x", PATIENT), 400),
        (entry("POST", "Observation", PATIENT), 400),
        (entry("POST", "Patient"), 400),
        (entry("POST", "Patient", {"resourceType": "Patient", "meta": "x"}), 400),
        (entry("PUT", "Patient", PATIENT), 400),
        (entry("PUT", "Patient/2", PATIENT), 400),
        (entry("PUT", "Patient/1/_history/1", PATIENT), 400),
        (entry("DELETE", "Patient"), 400),
        (entry("DELETE", "Patient/a b"), 400),
        (entry("DELETE", "Patient/1?x=y"), 400),
        (entry("POST", "Patient/$merge", PATIENT), 422),
        (entry("POST", "$merge", PATIENT), 422),
    ],
)
def test_what_cannot_be_written_is_refused_at_its_entry(asked: Entry, status: int) -> None:
    with pytest.raises(FhirError) as caught:
        write_of(asked)
    assert caught.value.status == status
    assert all((issue.expression or "").startswith("Bundle.entry[0]") for issue in caught.value.issues)


def test_deletions_come_first_and_reads_last() -> None:
    methods = ["GET", "PUT", "HEAD", "DELETE", "PATCH", "POST", "DELETE"]
    entries = [entry(method, "Patient/1", index=index) for index, method in enumerate(methods)]
    assert [one.index for one in in_order(entries)] == [3, 6, 5, 1, 4, 0, 2]


def test_doubled_full_urls_are_refused() -> None:
    same = [entry("POST", "Patient", PATIENT, index, "urn:uuid:1") for index in range(3)]
    refuse_doubled([same[0], entry("POST", "Patient", PATIENT, 1)])
    with pytest.raises(FhirError) as caught:
        refuse_doubled(same)
    assert [issue.expression for issue in caught.value.issues] == [
        "Bundle.entry[1].fullUrl",
        "Bundle.entry[2].fullUrl",
    ]


def test_two_writes_to_one_resource_are_refused() -> None:
    first = write_of(entry("PUT", "Patient/1", PATIENT, 0))
    with pytest.raises(FhirError) as caught:
        refuse_overlaps([first, write_of(entry("DELETE", "Patient/1", None, 1))])
    assert [issue.expression for issue in caught.value.issues] == ["Bundle.entry[1]"]
    refuse_overlaps([first, write_of(entry("DELETE", "Patient/2", None, 1))])
