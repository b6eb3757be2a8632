"""Which absolute references are to this server."""

from __future__ import annotations

import pytest

from telerehab.fhir import json
from telerehab.fhir.own_references import mentioned, relative, relative_reference

PUBLIC = "https://hospital.example/fhir/R4"
LOCAL = "http://127.0.0.1:8080/fhir/R4"


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        (PUBLIC, "https://hospital.example/fhir/R4/Patient/1", "Patient/1"),
        (PUBLIC, "HTTPS://Hospital.Example/fhir/R4/Patient/1/_history/2", "Patient/1/_history/2"),
        (PUBLIC, "https://hospital.example:443/fhir/R4/Patient/1", "Patient/1"),
        (PUBLIC, "http://hospital.example:80/fhir/R4/Patient/1", "Patient/1"),
        (PUBLIC, "http://hospital.example:443/fhir/R4/Patient/1", None),
        (PUBLIC, "https://hospital.example/fhir/r4/Patient/1", None),
        (PUBLIC, "https://hospital.example/fhir/R4Patient/1", None),
        (PUBLIC, "https://hospitalxexample/fhir/R4/Patient/1", None),
        (PUBLIC, "https://elsewhere.example/?https://hospital.example/fhir/R4/Patient/1", None),
        (PUBLIC, "Patient/1", None),
        (PUBLIC, "urn:uuid:6f0a6cb5-4f6c-4c7d-9a55-5d0f4f2b7a11", None),
        (LOCAL, "http://localhost:8080/fhir/R4/Patient/1", "Patient/1"),
        (LOCAL, "http://[::1]:8080/fhir/R4/Patient/1", "Patient/1"),
        (LOCAL, "http://localhost:8081/fhir/R4/Patient/1", None),
        (LOCAL, "http://localhost/fhir/R4/Patient/1", None),
        ("http://[2001:db8::1]:8080/fhir/R4", "http://[2001:DB8::1]:8080/fhir/R4/Patient/1", "Patient/1"),
    ],
)
def test_what_lies_below_our_base_is_ours(base: str, reference: str, expected: str | None) -> None:
    held = {"resourceType": "Basic", "subject": {"reference": reference}, "implicitRules": reference}
    assert relative_reference(reference, base) == (expected or reference)
    assert relative(held, base) == {**held, "subject": {"reference": expected or reference}}
    assert mentioned(json.dump(held).decode(), base) is (expected is not None)
    assert mentioned(f'{{"subject" : {{ "reference" : "{reference}" }} }}', base) is (expected is not None)
