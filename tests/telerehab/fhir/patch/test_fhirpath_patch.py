"""FHIRPath Patch: each operation on elements, primitives with their extensions, choices; and what is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from telerehab.fhir.outcome import FhirError
from telerehab.fhir.patch import patch_in_bundle
from telerehab.fhir.validation import validate

Json = dict[str, Any]
PATIENT: Json = {
    "resourceType": "Patient",
    "active": True,
    "name": [
        {"use": "official", "family": "Okafor", "given": ["Ada", "Nneka"]},
        {"use": "nickname", "given": ["Addy"]},
    ],
    "birthDate": "1961-04-12",
    "_birthDate": {
        "extension": [{"url": "http://hl7.org/birthTime", "valueDateTime": "1961-04-12T08:00:00Z"}]
    },
    "deceasedBoolean": False,
    "contact": [{"gender": "male"}],
}


def operation(type_: str, path: str, value: Json | None = None, **more: Any) -> Json:
    parts = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
    parts += [
        {"name": name, "valueInteger" if isinstance(given, int) else "valueString": given}
        for name, given in more.items()
    ]
    return {"name": "operation", "part": parts + ([{"name": "value", **value}] if value else [])}


def patched(*operations: Json, resource: Json = PATIENT) -> Json:
    return patch_in_bundle({"resourceType": "Parameters", "parameter": list(operations)}).apply(resource)


def without(*names: str) -> Json:
    return {name: value for name, value in PATIENT.items() if name not in names}


OFFICIAL, NICKNAME = PATIENT["name"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (operation("add", "Patient", {"valueCode": "female"}, name="gender"), {**PATIENT, "gender": "female"}),
        (
            operation("add", "Patient.name[1]", {"valueString": "Nini"}, name="given"),
            {**PATIENT, "name": [OFFICIAL, {**NICKNAME, "given": ["Addy", "Nini"]}]},
        ),
        (
            operation("add", "Patient.contact.first()", {"valueHumanName": {"text": "B"}}, name="name"),
            {**PATIENT, "contact": [{"gender": "male", "name": {"text": "B"}}]},
        ),
        (
            operation(
                "add",
                "Patient",
                {
                    "part": [
                        {"name": "gender", "valueCode": "other"},
                        {"name": "telecom", "valueContactPoint": {"system": "phone", "value": "1"}},
                        {"name": "telecom", "valueContactPoint": {"system": "phone", "value": "2"}},
                    ]
                },
                name="contact",
            ),
            {
                **PATIENT,
                "contact": [
                    {"gender": "male"},
                    {
                        "gender": "other",
                        "telecom": [{"system": "phone", "value": "1"}, {"system": "phone", "value": "2"}],
                    },
                ],
            },
        ),
        (
            operation("add", "Patient.active", {"part": [
                {"name": "url", "valueUri": "http://x"}, {"name": "value", "valueString": "sure"}
            ]}, name="extension"),
            {**PATIENT, "_active": {"extension": [{"url": "http://x", "valueString": "sure"}]}},
        ),
        (operation("insert", "Patient.name[0].given", {"valueString": "Dr"}, index=0),
         {**PATIENT, "name": [{**OFFICIAL, "given": ["Dr", "Ada", "Nneka"]}, NICKNAME]}),
        (operation("insert", "Patient.photo", {"valueAttachment": {"title": "me"}}, index=0),
         {**PATIENT, "photo": [{"title": "me"}]}),
        (operation("delete", "Patient.birthDate"), without("birthDate", "_birthDate")),
        (operation("delete", "Patient.gender"), PATIENT),
        (operation("delete", "Patient.contact.gender"), without("contact")),
        (operation("delete", "Patient.name.where(use = 'nickname')"), {**PATIENT, "name": [OFFICIAL]}),
        (operation("delete", "Patient.name.where(use != 'official' and given.exists()).given.where($this='Addy')"),
         {**PATIENT, "name": [OFFICIAL, {"use": "nickname"}]}),
        (operation("delete", "Patient.birthDate.extension('http://hl7.org/birthTime')"), without("_birthDate")),
        (operation("delete", "Patient.deceased"), without("deceasedBoolean")),
        (operation("delete", "(Patient.deceased as boolean)"), without("deceasedBoolean")),
        (operation("replace", "Patient.birthDate", {"valueDate": "1970-01-01"}),
         {**without("_birthDate"), "birthDate": "1970-01-01"}),
        (operation("replace", "Patient.deceased", {"valueDateTime": "2020-01-01"}),
         {**without("deceasedBoolean"), "deceasedDateTime": "2020-01-01"}),
        (operation("replace", "Patient.name.where(family.empty()).given.single()", {"valueString": "Didi"}),
         {**PATIENT, "name": [OFFICIAL, {"use": "nickname", "given": ["Didi"]}]}),
        (operation("replace", "name[1]", {"valueHumanName": {"text": "x"}}),
         {**PATIENT, "name": [OFFICIAL, {"text": "x"}]}),
        (operation("move", "Patient.name", source=1, destination=0), {**PATIENT, "name": [NICKNAME, OFFICIAL]}),
    ],
)  # fmt: skip
def test_operation(given: Json, expected: Json) -> None:
    assert patched(given) == expected


def test_a_primitive_keeps_its_extensions_wherever_it_moves() -> None:
    names = [{"given": ["A", "B"], "_given": [None, {"id": "b"}]}]
    resource = {"resourceType": "Patient", "name": names}
    moved = patched(operation("move", "Patient.name[0].given", source=1, destination=0), resource=resource)
    assert moved["name"] == [{"given": ["B", "A"], "_given": [{"id": "b"}, None]}]
    shorter = patched(operation("delete", "Patient.name[0].given[1]"), resource=resource)
    assert shorter["name"] == [{"given": ["A"]}]
    longer = patched(
        operation("add", "Patient.name[0]", {"valueString": "C"}, name="given"), resource=resource
    )
    assert longer["name"] == [{"given": ["A", "B", "C"], "_given": [None, {"id": "b"}, None]}]


def test_a_resource_inside_is_patched_by_its_own_type() -> None:
    held = {"resourceType": "Medication", "id": "m", "status": "active"}
    resource = {"resourceType": "MedicationRequest", "contained": [held]}
    path = "MedicationRequest.contained.where(id = 'm').status"
    changed = patched(operation("replace", path, {"valueCode": "inactive"}), resource=resource)
    assert changed["contained"] == [{**held, "status": "inactive"}]


def test_operations_follow_one_another_and_leave_the_resource_alone() -> None:
    before = {**PATIENT, "name": [dict(OFFICIAL), dict(NICKNAME)]}
    after = patched(
        operation("delete", "Patient.contact[0].gender"),
        operation("add", "Patient.contact[0]", {"valueHumanName": {"text": "B"}}, name="name"),
        resource=before,
    )
    assert after["contact"] == [{"name": {"text": "B"}}]
    assert before == PATIENT


@pytest.mark.parametrize(
    "given",
    [
        operation("add", "Patient", {"valueBoolean": False}, name="active"),
        operation("add", "Patient", {"valueString": "x"}, name="colour"),
        operation("add", "Patient.name", {"valueString": "x"}, name="given"),
        operation("add", "Patient.photo[0]", {"valueString": "x"}, name="title"),
        operation("add", "Patient", {"valueQuantity": {"value": 1}}, name="multipleBirth"),
        operation("insert", "Patient.name", {"valueHumanName": {"text": "x"}}, index=3),
        operation("insert", "Patient.active", {"valueBoolean": True}, index=0),
        operation("insert", "Patient.name.where(true)", {"valueHumanName": {"text": "x"}}, index=0),
        operation("delete", "Patient.name"),
        operation("delete", "Patient"),
        operation("replace", "Patient", {"valueString": "x"}),
        operation("replace", "Patient.gender", {"valueCode": "male"}),
        operation("replace", "Observation.status", {"valueCode": "final"}),
        operation("move", "Patient.name", source=0, destination=2),
        operation("delete", "Patient.managingOrganization.resolve().name"),
        operation("delete", "Patient.name.where(given.matches('A.*'))"),
        operation("delete", "Patient.name.repeat(given)"),
    ],
)
def test_what_cannot_be_done_is_422_and_named(given: Json) -> None:
    with pytest.raises(FhirError) as refused:
        patched(operation("delete", "Patient.gender"), given)
    assert refused.value.status == 422
    assert refused.value.issues[0].expression == "Parameters.parameter[1]"


@pytest.mark.parametrize(
    "given",
    [
        {"name": "change"},
        {"name": "operation"},
        {"name": "operation", "part": {}},
        {"name": "operation", "part": [{"valueCode": "delete"}]},
        {"name": "operation", "part": [{"name": "type", "valueCode": "delete", "valueString": "x"}]},
        operation("remove", "Patient.name"),
        operation("delete", "Patient..name"),
        operation("delete", "(" * 900),
        operation("delete", "a." * 600 + "b"),
        operation("add", "Patient", name="gender"),
        operation("replace", "Patient.name[0]"),
        operation("insert", "Patient.name", {"valueHumanName": {}}),
        operation("insert", "Patient.name", {"valueHumanName": {}}, index="1"),
        operation("move", "Patient.name", source=-1, destination=0),
        operation("delete", "Patient.name", type="delete"),
    ],
)
def test_what_is_no_patch_is_400_and_named(given: Json) -> None:
    with pytest.raises(FhirError) as refused:
        patched(given)
    assert refused.value.status == 400
    assert (refused.value.issues[0].expression or "").startswith("Parameters.parameter[0]")


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Binary", "contentType": "application/json-patch+json"},
        {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "no base64"},
        {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "e30="},
    ],
)
def test_an_entry_that_holds_no_patch_is_400(resource: Json) -> None:
    with pytest.raises(FhirError) as refused:
        patch_in_bundle(resource)
    assert refused.value.status == 400


paths = st.lists(
    st.sampled_from(
        ["Patient", "name", "given", "contact", "extension", "birthDate", "deceased", "$this", "where(use='official')",
         "first()", "name[0]", "given[1]", "extension('http://x')", "ofType(boolean)", "meta", "id", "exists()", "'"]
    ),
    min_size=1,
    max_size=4,
).map(".".join)  # fmt: skip
values = st.sampled_from(
    [None, {"valueString": "x"}, {"valueHumanName": {"text": "x"}}, {"valueBoolean": True}, {"valueInteger": 1},
     {"_valueString": {"id": "x"}}, {"part": [{"name": "given", "valueString": "x"}]}, {"resource": {"id": 1}}]
)  # fmt: skip
operations = st.builds(
    lambda type_, path, value, name, numbers: operation(type_, path, value, name=name, **numbers),
    st.sampled_from(["add", "insert", "delete", "replace", "move"]),
    paths,
    values,
    st.sampled_from(["given", "name", "extension", "active", "value", "deceased", "contained"]),
    st.fixed_dictionaries({name: st.integers(-1, 3) for name in ("index", "source", "destination")}),
)


@settings(deadline=None, max_examples=500)
@over(st.lists(operations, min_size=1, max_size=4))
def test_any_patch_is_applied_or_refused(listed: list[Json]) -> None:
    with suppress(FhirError):
        validate(patched(*listed))
