"""Which resources a search finds: tables per type, many rows from the specification's own examples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from telerehab.fhir import json

Found = Callable[..., bool]
LOINC = "http://loinc.org"

PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "meta": {
        "profile": ["http://example.org/fhir/StructureDefinition/p|1.2"],
        "tag": [{"system": "urn:tags", "code": "x"}],
        "source": "http://example.org/hospital",
    },
    "active": True,
    "identifier": [
        {
            "system": "http://acme.org/patient",
            "value": "2345",
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
        },
        {"value": "no|system"},
    ],
    "name": [{"text": "Dr. Eve  Ångström", "family": "Ångström", "given": ["Eve", "Anne Marie"]}],
    "gender": "male",
    "birthDate": "1987-06",
    "telecom": [{"system": "email", "value": "Eve@Example.org"}, {"system": "phone", "value": "0123"}],
    "address": [{"line": ["3 Long Street"], "city": "Köln", "postalCode": "50667"}],
    "managingOrganization": {"identifier": {"system": "urn:orgs", "value": "7"}},
    "generalPractitioner": [
        {"reference": "Practitioner/p"},
        {"reference": "http://other.org/fhir/Organization/o"},
    ],
}
OBSERVATION = json.parse_object("""{
    "resourceType": "Observation", "id": "o", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}, {"code": "bp"}], "text": "BP"},
    "subject": {"reference": "Patient/a"},
    "effectiveDateTime": "2013-01-14T10:00:00+02:00",
    "valueQuantity": {"value": 5.40, "unit": "milligram", "system": "http://unitsofmeasure.org", "code": "mg"},
    "component": [
        {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
         "valueQuantity": {"value": 150, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
         "valueQuantity": {"value": 80, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}}
    ]}""")
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "period": {"start": "2013-03-14", "end": "2013-03-20"},
}


def with_(resource: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**resource, **changes}.items() if value is not None}


SAMPLES = '"valueSampledData": {"origin": {"value": 10}, "period": 1, "factor": 2, "dimensions": 1, "data": "-1 0 E 4"}'
TOKEN = [
    ("gender", "male", True),
    ("gender", "female", False),
    ("gender", "Male", False),
    ("gender", "female,male", True),
    ("gender", "http://hl7.org/fhir/administrative-gender|male", True),
    ("gender", "http://example.org/other|male", False),
    ("gender", "|male", True),
    ("gender:not", "male", False),
    ("gender:not", "female", True),
    ("gender:not", "female,male", False),
    ("gender:missing", "false", True),
    ("gender:missing", "true", False),
    ("active", "true", True),
    ("active", "false", False),
    ("deceased", "false", True),
    ("deceased", "true", False),
    ("identifier", "2345", True),
    ("identifier", "http://acme.org/patient|2345", True),
    ("identifier", "http://acme.org/other|2345", False),
    ("identifier", "|2345", False),
    ("identifier", "http://acme.org/patient|", True),
    ("identifier", "http://acme.org/other|", False),
    ("identifier", r"|no\|system", True),
    ("identifier", r"no\|system", True),
    ("identifier:of-type", "http://terminology.hl7.org/CodeSystem/v2-0203|MR|2345", True),
    ("identifier:of-type", "http://terminology.hl7.org/CodeSystem/v2-0203|SS|2345", False),
    ("email", "eve@example.ORG", True),
    ("phone", "0123", True),
    ("email", "0123", False),
    ("telecom", "0123", True),
    ("_tag", "urn:tags|x", True),
    ("_security:missing", "true", True),
    ("_id", "a", True),
    ("_id", "b,a", True),
    ("_id", "b", False),
]
STRING = [
    ("name", "eve", True),
    ("name", "Ang", True),
    ("name", "ÅNG", True),
    ("name", "gström", False),
    ("name:contains", "GSTROM", True),
    ("name:exact", "Eve", True),
    ("name:exact", "eve", False),
    ("name:exact", "Ev", False),
    ("given", "anne   marie", True),
    ("given", "marie", False),
    ("name", "dr. eve a", True),
    ("family", "eve,ang", True),
    ("address", "koln", True),
    ("address-city", "Köln", True),
    ("address-postalcode", "506", True),
    ("address", "3 long", True),
    ("family:missing", "false", True),
    ("address-state:missing", "true", True),
]
REFERENCE = [
    ("general-practitioner", "Practitioner/p", True),
    ("general-practitioner", "p", True),
    ("general-practitioner", "o", False),
    ("general-practitioner", "http://our.org/fhir/Practitioner/p", True),
    ("general-practitioner", "http://other.org/fhir/Practitioner/p", False),
    ("general-practitioner", "http://other.org/fhir/Organization/o", True),
    ("general-practitioner", "Organization/o", False),
    ("general-practitioner", "Practitioner/p/_history/4", True),
    ("general-practitioner:Practitioner", "p", True),
    ("general-practitioner:Organization", "p", False),
    ("organization:identifier", "urn:orgs|7", True),
    ("organization:identifier", "7", True),
    ("organization:identifier", "urn:other|7", False),
    ("organization:missing", "false", True),
    ("link:missing", "true", True),
]
URI = [
    ("_profile", "http://example.org/fhir/StructureDefinition/p", True),
    ("_profile", "http://example.org/fhir/StructureDefinition/p|1.2", True),
    ("_profile", "http://example.org/fhir/StructureDefinition/p|1.3", False),
    ("_profile", "http://example.org/fhir/StructureDefinition", False),
    ("_profile:below", "http://example.org/fhir/", True),
    ("_profile:below", "http://example.org/fhir", True),
    ("_profile:below", "http://example.org/fh", False),
    ("_source:above", "http://example.org/hospital/ward/3", True),
    ("_source:above", "http://example.org/hospitality", False),
    ("_source", "HTTP://example.org/hospital", False),
]


@pytest.mark.parametrize(("name", "value", "expected"), [*TOKEN, *STRING, *REFERENCE, *URI])
def test_a_patient_is_found_by(found: Found, name: str, value: str, expected: bool) -> None:
    assert found(PATIENT, name, value, base="http://our.org/fhir") is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("code", "85354-9", True),
        ("code", f"{LOINC}|85354-9", True),
        ("code", "|85354-9", False),
        ("code", "|bp", True),
        ("code", f"{LOINC}|bp", False),
        ("code", f"{LOINC}|", True),
        ("code:not", "bp", False),
        ("category:not", "anything", True),
        ("subject", "Patient/a", True),
        ("subject", "a", True),
        ("subject:Patient", "a", True),
        ("subject:Patient", "Patient/a", True),
        ("subject:Group", "a", False),
        ("patient", "a", True),
        ("patient", "Patient/a", True),
        ("patient", "Group/a", False),
        ("patient:missing", "false", True),
        ("combo-code", "8480-6", True),
        ("combo-code", "bp", True),
        ("combo-code", "else", False),
        ("combo-code:missing", "true", False),
        ("combo-value-quantity", "gt100", True),
        ("value-quantity", "gt100", False),
        ("value-quantity", "5.4", True),
        ("value-quantity", "5.4|http://unitsofmeasure.org|mg", True),
        ("value-quantity", "5.4|http://unitsofmeasure.org|g", False),
        ("value-quantity", "5.4||mg", True),
        ("value-quantity", "5.4||milligram", True),
        ("value-quantity", "5.40e0", True),
        ("value-quantity", "5.400", True),
        ("value-quantity", "5.41", False),
        ("value-quantity", "le5.4|http://unitsofmeasure.org|mg", True),
        ("value-quantity", "lt5.4", False),
        ("value-quantity", "ap5.7|http://unitsofmeasure.org|mg", True),
        ("value-quantity", "ap6.5", False),
        ("value-quantity", "ne5.4", False),
        ("value-quantity", "ne6", True),
        ("code-value-quantity", f"{LOINC}|85354-9$5.4", True),
        ("code-value-quantity", f"{LOINC}|85354-9$lt5", False),
        ("code-value-quantity", f"{LOINC}|8480-6$5.4", False),
        ("component-code-value-quantity", f"{LOINC}|8480-6$gt140", True),
        ("component-code-value-quantity", "8480-6$gt140", True),
        ("component-code-value-quantity", "8462-4$gt140", False),
        ("component-code-value-quantity", f"{LOINC}|8462-4$80||mm[Hg]", True),
        ("combo-code-value-quantity", f"{LOINC}|8480-6$150", True),
        ("combo-code-value-quantity", "bp$5.4", True),
        ("combo-code-value-quantity", "bp$150", False),
        ("_lastUpdated", "2013-01-14", True),
        ("_lastUpdated", "gt2013-01-14", False),
        ("_lastUpdated", "ge2013-01-14T10:00:00.000Z", True),
    ],
)
def test_an_observation_is_found_by(found: Found, name: str, value: str, expected: bool) -> None:
    assert found(OBSERVATION, name, value) is expected


@pytest.mark.parametrize(
    ("effective", "value", "expected"),
    [
        ("2013-01-14T00:00:00Z", "eq2013-01-14", True),
        ("2013-01-14T10:00:00Z", "eq2013-01-14", True),
        ("2013-01-15T00:00:00Z", "eq2013-01-14", False),
        ("2013-01-15T00:00:00Z", "ne2013-01-14", True),
        ("2013-01-14T00:00:00Z", "ne2013-01-14", False),
        ("2013-01-14T10:00:00Z", "lt2013-01-14T10:00Z", False),
        ("2013-01-14T09:59:59Z", "lt2013-01-14T10:00Z", True),
        ("2013-01-14T10:00:00Z", "gt2013-01-14T10:00Z", False),
        ("2013-01-14T10:01:00Z", "gt2013-01-14T10:00Z", True),
        ("2013-03-14", "ge2013-03-14", True),
        ("2013-03-13", "ge2013-03-14", False),
        ("2013-03-14", "le2013-03-14", True),
        ("2013-03-15", "le2013-03-14", False),
        ("2013-03-15", "sa2013-03-14", True),
        ("2013-03-14", "sa2013-03-14", False),
        ("2013-03-13", "eb2013-03-14", True),
        ("2013-03-14", "eb2013-03-14", False),
        ("2013-03", "2013-03-14", False),
        ("2013-03-14", "2013-03", True),
        ("2013-03-14", "2013", True),
        ("2013", "2013-03", False),
        ("2013-01-14T10:00:00+02:00", "2013-01-14T08:00Z", True),
        ("2013-01-14T00:30:00+01:00", "2013-01-13", True),
        ("2013-01-14T10:00:00Z", "2013-01-14T05:00-05:00", True),
        ("2013-01-14T10:00:00.125Z", "2013-01-14T10:00:00.125Z", True),
        ("2013-01-14T10:00:00.125Z", "2013-01-14T10:00:00Z", True),
        ("2016-12-31T23:59:60Z", "2017-01-01", True),
        ("2022-06-01", "ap2021-12-31", False),
        ("2022-01-30", "ap2021-12-31", True),
        ("2010-01-01", "2009,2010", True),
    ],
)
def test_an_observation_of_a_time_is_found_by(
    found: Found, effective: str, value: str, expected: bool
) -> None:
    observation = with_(OBSERVATION, effectiveDateTime=effective)
    assert found(observation, "date", value, now=datetime(2024, 1, 1, tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    ("period", "value", "expected"),
    [
        ({"start": "2013-03-14", "end": "2013-03-20"}, "2013-03", True),
        ({"start": "2013-03-14", "end": "2013-03-20"}, "2013-03-15", False),
        ({"start": "2013-03-14", "end": "2013-03-20"}, "gt2013-03-15", True),
        ({"start": "2013-03-14", "end": "2013-03-20"}, "lt2013-03-15", True),
        ({"start": "2013-03-14", "end": "2013-03-20"}, "sa2013-03-13", True),
        ({"start": "2013-03-14", "end": "2013-03-20"}, "eb2013-03-21", True),
        ({"start": "2013-03-14"}, "gt2099", True),
        ({"start": "2013-03-14"}, "eq2013", False),
        ({"start": "2013-03-14"}, "ne2013", True),
        ({"end": "2013-03-14"}, "lt1900", True),
        ({"end": "2013-03-14"}, "gt2013-03-14", False),
        ({"end": "2013-03-14"}, "ap2013-03-14", True),
    ],
)
def test_an_encounter_of_a_period_is_found_by(
    found: Found, period: dict[str, str], value: str, expected: bool
) -> None:
    assert found(with_(ENCOUNTER, period=period), "date", value) is expected


@pytest.mark.parametrize(
    ("probability", "value", "expected"),
    [
        ("100", "100", True),
        ("99.5", "100", True),
        ("100.49", "100", True),
        ("100.5", "100", False),
        ("99.49", "100", False),
        ("99.995", "100.00", True),
        ("100.005", "100.00", False),
        ("95", "1e2", True),
        ("105", "1e2", False),
        ("100", "lt100", False),
        ("99.9", "lt100", True),
        ("100", "le100", True),
        ("100", "gt100", False),
        ("100.1", "gt100", True),
        ("100", "ge100", True),
        ("99.5", "ne100", False),
        ("99.4", "ne100", True),
        ("100.1", "sa100", True),
        ("99.9", "eb100", True),
        ("91", "ap100", True),
        ("89", "ap100", False),
        ("-5", "-5", True),
        ("0.123456789012345678901234567890", "0.123456789012345678901234567890", True),
        ("0.123456789012345678901234567891", "0.123456789012345678901234567890", False),
    ],
)
def test_a_risk_of_a_probability_is_found_by(
    found: Found, probability: str, value: str, expected: bool
) -> None:
    risk = json.parse_object(
        f'{{"resourceType": "RiskAssessment", "id": "r", "prediction": [{{"probabilityDecimal": {probability}}}]}}'
    )
    assert found(risk, "probability", value) is expected


@pytest.mark.parametrize(
    ("quantity", "value", "expected"),
    [
        ('"valueQuantity": {"value": 5, "comparator": "<"}', "lt3", True),
        ('"valueQuantity": {"value": 5, "comparator": "<"}', "gt6", False),
        ('"valueQuantity": {"value": 5, "comparator": ">"}', "gt600", True),
        (SAMPLES, "ge18", True),
        (SAMPLES, "gt18", False),
        (SAMPLES, "le8", True),
        (
            '"valueSampledData": {"origin": {"value": 10}, "period": 1, "dimensions": 1, "data": "E"}',
            "ge0",
            False,
        ),
        ('"valueString": "high"', "ge0", False),
    ],
)
def test_bounds_and_samples_are_found_by_the_range_they_cover(
    found: Found, quantity: str, value: str, expected: bool
) -> None:
    observation = json.parse_object(f'{{"resourceType": "Observation", "id": "o", {quantity}}}')
    assert found(observation, "value-quantity", value) is expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"reference": "https://other.example/Patient/1", "identifier": {"value": "7"}}, True),
        ({"reference": "https://other.example/Group/1", "identifier": {"value": "7"}}, False),
        ({"reference": "Group/1", "identifier": {"value": "7"}}, False),
        ({"type": "Patient", "identifier": {"value": "7"}}, True),
    ],
)
def test_what_tells_no_type_is_found_by_patient_only_where_it_is_one(
    found: Found, subject: dict[str, Any], expected: bool
) -> None:
    observation = {**OBSERVATION, "subject": subject}
    assert found(observation, "patient:identifier", "7") == expected
    assert found(observation, "subject:identifier", "7")
    url = subject.get("reference", "")
    if ":" in url:
        assert found(observation, "patient", url) == expected
        assert found(observation, "subject", url)


def test_a_merged_patients_other_ids_are_found_too(found: Found) -> None:
    aliases = {"a": ["a", "b"], "b": ["b", "a"]}
    for value in ("b", "Patient/b"):
        assert found(OBSERVATION, "patient", value, aliases=lambda id_: aliases.get(id_, [id_]))
        assert found(OBSERVATION, "subject", value, aliases=lambda id_: aliases.get(id_, [id_]))
        assert not found(OBSERVATION, "subject", value)


def test_references_wide_open_are_found_by_id_alone(found: Found) -> None:
    provenance = {"resourceType": "Provenance", "id": "x", "target": [{"reference": "Observation/o"}]}
    assert found(provenance, "target", "o")
    assert found(provenance, "target", "Observation/o")
    assert not found(provenance, "target", "p")


@pytest.mark.parametrize(
    ("family", "asked"),
    [
        ("Strauß", "STRAUSS"),
        ("Søren", "soren"),
        ("Łukasz", "luk"),
        ("İnönü", "inonu"),
        ("Nguyễn", "nguyen"),
        ("ﬁne", "fi"),
        ("O\u2019Brien  Smith", "o\u2019brien smith"),
        ("Παπαδόπουλος", "παπαδοπουλοσ"),
        ("山田", "山"),
    ],
)
def test_names_are_found_without_case_and_accents(found: Found, family: str, asked: str) -> None:
    assert found({"resourceType": "Patient", "id": "p", "name": [{"family": family}]}, "family", asked)


def test_canonicals_are_found_with_and_without_their_version(found: Found) -> None:
    response = {
        "resourceType": "QuestionnaireResponse",
        "id": "r",
        "questionnaire": "http://example.org/koos|2",
    }
    assert found(response, "questionnaire", "http://example.org/koos")
    assert found(response, "questionnaire", "http://example.org/koos|2")
    assert not found(response, "questionnaire", "http://example.org/koos|3")


def test_both_values_of_a_composite_must_be_of_the_same_part(found: Found) -> None:
    document = {
        "resourceType": "DocumentReference",
        "id": "d",
        "relatesTo": [
            {"code": "replaces", "target": {"reference": "DocumentReference/1"}},
            {"code": "signs", "target": {"reference": "DocumentReference/2"}},
        ],
    }
    assert found(document, "relationship", "replaces$DocumentReference/1")
    assert not found(document, "relationship", "replaces$DocumentReference/2")


def test_a_timing_covers_its_events_or_bounds(found: Found) -> None:
    events = {"event": ["2024-03-01", "2024-05-01T10:00:00Z"]}
    bounds = {"repeat": {"boundsPeriod": {"start": "2024-03-01", "end": "2024-05-01"}, "frequency": 1}}
    for timing in (events, bounds):
        request = {"resourceType": "ServiceRequest", "id": "s", "occurrenceTiming": timing}
        assert found(request, "occurrence", "2024")
        assert found(request, "occurrence", "gt2024-04")
        assert not found(request, "occurrence", "sa2024-04")
