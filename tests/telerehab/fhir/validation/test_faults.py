"""What is wrong, and where: one change to a valid resource, and exactly the issues that it earns."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from telerehab.fhir.json import dump, parse
from telerehab.fhir.validation import validate
from telerehab.fhir.validation.context import MAX_ISSUES

PATIENT = """{
  "resourceType": "Patient", "id": "p1",
  "meta": {"profile": ["http://example.org/p"], "tag": [{"system": "http://example.org/t", "code": "x"}]},
  "text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\">Ann</div>"},
  "contained": [{"resourceType": "Organization", "id": "o1", "name": "Clinic"}],
  "extension": [{"url": "http://example.org/e", "valueString": "v"}],
  "active": true,
  "name": [{"family": "Lee", "given": ["Ann", "B"], "_given": [null, {"id": "g2"}]}],
  "telecom": [{"system": "phone", "value": "1", "rank": 1}],
  "gender": "female", "birthDate": "1980-02-29", "_birthDate": {"id": "b"},
  "multipleBirthInteger": 2,
  "photo": [{"contentType": "image/png", "data": "aGVsbG8="}],
  "contact": [{"gender": "male", "organization": {"reference": "Organization/2"}}],
  "generalPractitioner": [{"reference": "Practitioner/3", "type": "Practitioner"}],
  "managingOrganization": {"reference": "#o1"}
}"""
OBSERVATION = """{
  "resourceType": "Observation", "id": "o", "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "1-8"}]},
  "subject": {"reference": "Patient/1"}, "issued": "2024-02-29T10:00:00.5+01:00",
  "effectiveDateTime": "2024-02-29T10:00:00Z",
  "valueQuantity": {"value": 72.50, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
  "referenceRange": [{"low": {"value": 1}}],
  "component": [{"code": {"text": "c"}, "valueString": "s", "referenceRange": [{"text": "r"}]}]
}"""
CONDITION = """{
  "resourceType": "Condition", "subject": {"reference": "Patient/1"}, "code": {"text": "c"},
  "clinicalStatus": {"coding": [{
    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
}"""
BUNDLE = """{
  "resourceType": "Bundle", "type": "transaction",
  "entry": [
    {"fullUrl": "urn:uuid:8b8a5b3e-5b0c-4e0a-9d4c-5a4b1d0c7a01", "link": [{"relation": "self", "url": "u"}],
     "resource": {"resourceType": "Patient", "gender": "male"}, "request": {"method": "POST", "url": "Patient"}},
    {"resource": {"resourceType": "Encounter", "status": "planned", "class": {"code": "AMB"},
                  "subject": {"reference": "urn:uuid:8b8a5b3e-5b0c-4e0a-9d4c-5a4b1d0c7a01"},
                  "participant": [{"individual": {"reference": "Practitioner?identifier=a|b"}}]},
     "request": {"method": "POST", "url": "Encounter"}}]
}"""
PARAMETERS = """{
  "resourceType": "Parameters",
  "parameter": [{"name": "a", "part": [{"name": "b", "resource": {"resourceType": "Basic", "code": {"text": "c"}}}]}]
}"""
QUESTIONNAIRE = """{
  "resourceType": "Questionnaire", "status": "draft",
  "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "1.1", "type": "string"}]}]
}"""
RESOURCES = {"Patient": PATIENT, "Observation": OBSERVATION, "Condition": CONDITION, "Bundle": BUNDLE,
             "Parameters": PARAMETERS, "Questionnaire": QUESTIONNAIRE}  # fmt: skip

REMOVED = object()
Issues = list[tuple[str, str]]

# (resource, where to write as a path of keys, what, the issues as code and expression)
FAULTS: list[tuple[str, str, Any, Issues]] = [
    # structure
    ("Patient", "shoeSize", 43, [("structure", "Patient.shoeSize")]),
    ("Patient", "contact.0.age", 1, [("structure", "Patient.contact[0].age")]),
    ("Patient", "we ird", 1, [("structure", "Patient")]),
    ("Patient", "meta.project", "x", [("structure", "Patient.meta.project")]),
    ("Patient", "name", {"family": "Lee"}, [("structure", "Patient.name")]),
    ("Patient", "gender", ["female"], [("structure", "Patient.gender")]),
    ("Patient", "managingOrganization", [{"display": "x"}], [("structure", "Patient.managingOrganization"),
                                                             ("invariant", "Patient.contained[0]")]),
    ("Patient", "gender", None, [("structure", "Patient.gender")]),
    ("Patient", "name.0", None, [("structure", "Patient.name[0]")]),
    ("Patient", "name", [], [("structure", "Patient.name")]),
    ("Patient", "name.0", {}, [("structure", "Patient.name[0]")]),
    ("Patient", "name.0", {"id": "n"}, [("invariant", "Patient.name[0]")]),
    ("Patient", "name.0", "Lee", [("structure", "Patient.name[0]")]),
    ("Patient", "name.0.given", [], [("structure", "Patient.name[0].given"), ("structure", "Patient.name[0].given")]),
    ("Patient", "active", "true", [("structure", "Patient.active")]),
    ("Patient", "active", 1, [("structure", "Patient.active")]),
    ("Patient", "birthDate", 1980, [("structure", "Patient.birthDate")]),
    ("Observation", "valueQuantity.value", "72", [("structure", "Observation.value.ofType(Quantity).value")]),
    ("Observation", "valueQuantity.value", True, [("structure", "Observation.value.ofType(Quantity).value")]),
    # cardinality
    ("Observation", "status", REMOVED, [("required", "Observation.status")]),
    ("Observation", "component.0.code", REMOVED, [("required", "Observation.component[0].code")]),
    ("Bundle", "entry.0.link.0.url", REMOVED, [("required", "Bundle.entry[0].link[0].url")]),
    ("Questionnaire", "item.0.item.0.linkId", REMOVED, [("required", "Questionnaire.item[0].item[0].linkId")]),
    # formats
    ("Patient", "id", "a_b", [("value", "Patient.id")]),
    ("Patient", "id", "..", [("value", "Patient.id")]),
    ("Patient", "id", ".", [("value", "Patient.id")]),
    ("Patient", "id", "a" * 65, [("value", "Patient.id")]),
    ("Patient", "id", "a\n", [("value", "Patient.id")]),
    ("Patient", "birthDate", "1981-02-29", [("value", "Patient.birthDate")]),
    ("Patient", "birthDate", "1980-2-1", [("value", "Patient.birthDate")]),
    ("Patient", "name.0.family", "", [("value", "Patient.name[0].family")]),
    ("Patient", "name.0.family", "a\u0000b", [("value", "Patient.name[0].family")]),
    ("Patient", "name.0.given.1", "", [("value", "Patient.name[0].given[1]")]),
    ("Patient", "telecom.0.rank", 0, [("value", "Patient.telecom[0].rank")]),
    ("Patient", "photo.0.data", "aGVsbG8", [("value", "Patient.photo[0].data")]),
    ("Patient", "meta.profile.0", "http://example.org/a b", [("value", "Patient.meta.profile[0]")]),
    ("Observation", "issued", "2024-02-29", [("value", "Observation.issued")]),
    ("Observation", "effectiveDateTime", "2024-02-29T10:00:00", [("value", "Observation.effective.ofType(dateTime)")]),
    # choices
    ("Observation", "valueString", "s", [("structure", "Observation.value")]),
    ("Observation", "valueAddress", {"city": "x"}, [("structure", "Observation.value")]),
    ("Observation", "value", "s", [("structure", "Observation.value")]),
    ("Patient", "_multipleBirthBoolean", {"extension": [{"url": "u", "valueCode": "c"}]},
     [("structure", "Patient.multipleBirth")]),
    # bindings
    ("Patient", "gender", "F", [("code-invalid", "Patient.gender")]),
    ("Patient", "contact.0.gender", "Male", [("code-invalid", "Patient.contact[0].gender")]),
    ("Patient", "photo.0.contentType", "picture", [("code-invalid", "Patient.photo[0].contentType")]),
    ("Condition", "clinicalStatus", {"text": "active"}, [("code-invalid", "Condition.clinicalStatus")]),
    ("Condition", "clinicalStatus.coding.0.system", "http://example.org",
     [("code-invalid", "Condition.clinicalStatus")]),
    ("Condition", "clinicalStatus.coding.0.code", "on", [("code-invalid", "Condition.clinicalStatus")]),
    # references
    ("Patient", "contact.0.organization.reference", "Patient/1",
     [("value", "Patient.contact[0].organization.reference")]),
    ("Patient", "contact.0.organization.reference", "https://example.org/fhir/Patient/1/_history/2",
     [("value", "Patient.contact[0].organization.reference")]),
    ("Patient", "contact.0.organization.reference", "Nonsense/1",
     [("value", "Patient.contact[0].organization.reference")]),
    ("Patient", "contact.0.organization.reference", "Organization/a_b",
     [("value", "Patient.contact[0].organization.reference")]),
    ("Patient", "contact.0.organization.reference", "urn:uuid:8b8a5b3e-5b0c-4e0a-9d4c-5a4b1d0c7a01",
     [("value", "Patient.contact[0].organization.reference")]),
    ("Patient", "contact.0.organization.reference", "Organization?identifier=a|b",
     [("value", "Patient.contact[0].organization.reference")]),
    ("Patient", "contact.0.organization.reference", "#nobody",
     [("invariant", "Patient.contact[0].organization.reference")]),
    ("Patient", "contact.0.organization.type", "Patient", [("value", "Patient.contact[0].organization.type")]),
    ("Patient", "generalPractitioner.0", {"type": "Device", "display": "d"},
     [("value", "Patient.generalPractitioner[0].type")]),
    ("Patient", "generalPractitioner.0.type", "Organization", [("value", "Patient.generalPractitioner[0].type")]),
    ("Patient", "link", [{"type": "refer", "other": {"reference": "#o1"}}],
     [("value", "Patient.link[0].other.reference")]),
    ("Bundle", "entry.1.resource.subject.reference", "urn:uuid:8b8a5b3e-5b0c-4e0a-9d4c-5a4b1d0c7a02",
     [("value", "Bundle.entry[1].resource.subject.reference")]),
    ("Bundle", "entry.1.resource.subject.reference", "urn:example:else", []),
    ("Bundle", "entry.1.fullUrl", "Encounter/1", [("value", "Bundle.entry[1].fullUrl")]),
    ("Bundle", "entry.1.fullUrl", "urn:uuid:1", [("value", "Bundle.entry[1].fullUrl")]),
    ("Bundle", "entry.1.fullUrl", "urn:oid:1.2.3", []),
    ("Bundle", "entry.1.fullUrl", "http://example.org/Encounter/1/_history/2", [("invariant", "Bundle.entry[1]")]),
    ("Bundle", "entry.0.resource", {"resourceType": "Device"},
     [("value", "Bundle.entry[1].resource.subject.reference")]),
    ("Bundle", "entry.1.resource.participant.0.individual.reference", "Device?identifier=a|b",
     [("value", "Bundle.entry[1].resource.participant[0].individual.reference")]),
    # contained
    ("Patient", "managingOrganization", REMOVED, [("invariant", "Patient.contained[0]")]),
    ("Patient", "contained.0.id", REMOVED, [("required", "Patient.contained[0].id"),
                                           ("invariant", "Patient.managingOrganization.reference")]),
    ("Patient", "contained.0.contained", [{"resourceType": "Patient", "id": "x"}],
     [("invariant", "Patient.contained[0].contained")]),
    ("Patient", "contained.0.meta", {"versionId": "1", "lastUpdated": "2024-01-01T00:00:00Z",
                                     "security": [{"code": "R"}]},
     [("invariant", "Patient.contained[0].meta.versionId"), ("invariant", "Patient.contained[0].meta.lastUpdated"),
      ("invariant", "Patient.contained[0].meta.security")]),
    ("Patient", "contained.1", {"resourceType": "Organization", "id": "o1", "name": "twice"},
     [("duplicate", "Patient.contained[1].id")]),
    ("Patient", "contained.0.name", 1, [("structure", "Patient.contained[0].name")]),
    ("Patient", "contained.0.resourceType", "Nonsense", [("structure", "Patient.contained[0]"),
                                                         ("value", "Patient.managingOrganization.reference")]),
    # extensions
    ("Patient", "extension.0.url", REMOVED, [("required", "Patient.extension[0].url")]),
    ("Patient", "extension.0.valueString", REMOVED, [("invariant", "Patient.extension[0]")]),
    ("Patient", "extension.0.extension", [{"url": "n", "valueCode": "c"}], [("invariant", "Patient.extension[0]")]),
    ("Patient", "extension.0.valueInteger", 1, [("structure", "Patient.extension[0].value")]),
    ("Patient", "name.0.extension", [{"url": "u", "valueDate": "x"}],
     [("value", "Patient.name[0].extension[0].value.ofType(date)")]),
    ("Patient", "contact.0.modifierExtension", [{"url": "u"}],
     [("invariant", "Patient.contact[0].modifierExtension[0]")]),
    ("Patient", "name.0.modifierExtension", [{"url": "u", "valueCode": "c"}],
     [("structure", "Patient.name[0].modifierExtension")]),
    # primitive extensions
    ("Patient", "_birthDate", {}, [("structure", "Patient.birthDate")]),
    ("Patient", "_birthDate", [{"id": "b"}], [("structure", "Patient.birthDate")]),
    ("Patient", "_birthDate", {"value": 1}, [("structure", "Patient.birthDate.value")]),
    ("Patient", "_gender", {"extension": [{"url": "u"}]}, [("invariant", "Patient.gender.extension[0]")]),
    ("Patient", "_deceasedBoolean", {"id": "d"}, [("invariant", "Patient.deceased.ofType(boolean)")]),
    ("Patient", "_name", [{"id": "n"}], [("structure", "Patient._name")]),
    ("Patient", "name.0._given", [None], [("structure", "Patient.name[0].given")]),
    ("Patient", "name.0._given", [None, None, {"id": "x"}], [("structure", "Patient.name[0].given")]),
    ("Patient", "name.0._given", [None, {}], [("structure", "Patient.name[0].given[1]")]),
    ("Patient", "name.0.given", [None, "B"], [("structure", "Patient.name[0].given[0]")]),
    ("Patient", "name.0.given", ["Ann", None], [("invariant", "Patient.name[0].given[1]")]),
    ("Patient", "name.0._given", {"id": "x"}, [("structure", "Patient.name[0].given")]),
    ("Patient", "name.0._prefix", [None], [("structure", "Patient.name[0].prefix[0]")]),
    ("Patient", "name.0.suffix", [None], [("structure", "Patient.name[0].suffix[0]")]),
    ("Patient", "_id", {"extension": [{"url": "u", "valueCode": "c"}]}, [("structure", "Patient._id")]),
    ("Patient", "name.0._id", {"extension": [{"url": "u", "valueCode": "c"}]}, [("structure", "Patient.name[0]._id")]),
    ("Patient", "extension.0._url", {"id": "x"}, [("structure", "Patient.extension[0]._url")]),
    ("Patient", "text._div", {"id": "x"}, [("structure", "Patient.text._div")]),
    # resources in resources
    ("Bundle", "entry.0.resource.gender", "F", [("code-invalid", "Bundle.entry[0].resource.gender")]),
    ("Bundle", "entry.0.resource.resourceType", "Nonsense", [("structure", "Bundle.entry[0].resource")]),
    ("Bundle", "entry.0.resource", {"gender": "male"}, [("required", "Bundle.entry[0].resource")]),
    ("Parameters", "parameter.0.part.0.resource.code", REMOVED,
     [("required", "Parameters.parameter[0].part[0].resource.code")]),
    # content references
    ("Observation", "component.0.referenceRange.0.low", {"value": "x"},
     [("structure", "Observation.component[0].referenceRange[0].low.value")]),
    # profiles of the definitions themselves
    ("Observation", "referenceRange.0.low.comparator", "<",
     [("structure", "Observation.referenceRange[0].low.comparator")]),
    # narrative
    ("Patient", "text.div", "Ann", [("value", "Patient.text.div")]),
    ("Patient", "text.status", REMOVED, [("required", "Patient.text.status")]),
]  # fmt: skip


def changed(resource: Any, where: str, what: Any) -> Any:
    result = copy.deepcopy(resource)
    *parents, last = [int(key) if key.isdigit() else key for key in where.split(".")]
    target = result
    for key in parents:
        target = target[key]
    if what is REMOVED:
        del target[last]
    elif isinstance(target, list) and last == len(target):
        target.append(what)
    else:
        target[last] = what
    return parse(dump(result))


@pytest.mark.parametrize("name", RESOURCES)
def test_unchanged_they_are_valid(name: str) -> None:
    assert validate(parse(RESOURCES[name])) == []


@pytest.mark.parametrize(("name", "where", "what", "expected"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_fault_is_found_and_located(name: str, where: str, what: Any, expected: Issues) -> None:
    issues = validate(changed(parse(RESOURCES[name]), where, what))
    assert [(issue.code, issue.expression) for issue in issues] == expected


@pytest.mark.parametrize("resource", [None, 1, "Patient", [], True])
def test_what_is_no_object_is_no_resource(resource: Any) -> None:
    assert [(issue.code, issue.expression) for issue in validate(resource)] == [("structure", "Resource")]


@pytest.mark.parametrize(
    ("type_name", "code"),
    [(None, "required"), ("", "structure"), ("Nonsense", "structure"), ("DomainResource", "structure"),
     ("Resource", "structure"), ("SubscriptionStatus", "structure"), ("HumanName", "structure"), (7, "structure")],
)  # fmt: skip
def test_a_resource_says_a_type_of_r4(type_name: Any, code: str) -> None:
    assert [issue.code for issue in validate({"resourceType": type_name})] == [code]


def test_all_faults_are_told_at_once() -> None:
    resource = parse(PATIENT) | {"gender": "F", "birthDate": "x", "shoeSize": 1, "active": None}
    assert {issue.expression for issue in validate(resource)} == {
        "Patient.gender",
        "Patient.birthDate",
        "Patient.shoeSize",
        "Patient.active",
    }


def test_extensible_and_preferred_bindings_never_refuse() -> None:
    marital = {"coding": [{"system": "http://example.org", "code": "complicated"}]}
    assert validate({"resourceType": "Patient", "maritalStatus": marital, "language": "tlh"}) == []


def test_extensions_may_stand_in_for_a_required_primitive() -> None:
    reason = {
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
        ]
    }
    assert validate(parse(OBSERVATION.replace('"status": "final"', f'"_status": {json.dumps(reason)}'))) == []


def test_a_contained_resource_may_be_referred_to_by_canonical_or_refer_to_its_container() -> None:
    by_canonical = {
        "resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "#q",
        "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active"}],
    }  # fmt: skip
    to_container = {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Provenance", "id": "v", "target": [{"reference": "#"}],
                       "recorded": "2024-01-01T00:00:00Z", "agent": [{"who": {"display": "w"}}]}],
    }  # fmt: skip
    assert validate(by_canonical) == []
    assert validate(to_container) == []


def test_an_entry_by_itself_may_refer_to_its_bundle() -> None:
    encounter = parse(BUNDLE)["entry"][1]["resource"]
    assert validate(encounter, in_bundle=True) == []
    assert [issue.expression for issue in validate(encounter)] == [
        "Encounter.subject.reference",
        "Encounter.participant[0].individual.reference",
    ]


def test_a_flood_of_faults_is_cut_off() -> None:
    issues = validate({"resourceType": "Patient", "name": [{"x": 1}] * 100_000})
    assert len(issues) == MAX_ISSUES + 1
    assert issues[-1].severity == "information"


def test_nesting_without_end_is_refused() -> None:
    extension: dict[str, Any] = {"url": "u", "valueCode": "c"}
    for _ in range(100_000):
        extension = {"url": "u", "extension": [extension]}
    issues = validate({"resourceType": "Patient", "extension": [extension]})
    assert [issue.code for issue in issues] == ["too-long"]


def test_no_issue_repeats_a_value() -> None:
    secret = "Sesame"
    resource = {"resourceType": "Patient", "gender": secret, "birthDate": secret, "id": secret + "!", "name": secret,
                secret + " ": 1, "managingOrganization": {"reference": secret}}  # fmt: skip
    issues = validate(resource)
    assert len(issues) == 6
    assert secret not in str(issues)
