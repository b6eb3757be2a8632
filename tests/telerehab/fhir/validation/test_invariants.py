"""The invariants of the definitions: all of them are evaluated, and each says where it is broken."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from telerehab.fhir.definitions import structure
from telerehab.fhir.definitions.structures import Constraint
from telerehab.fhir.fhirpath.compiler import compiled
from telerehab.fhir.fhirpath.evaluating import holds
from telerehab.fhir.fhirpath.navigation import children, root
from telerehab.fhir.fhirpath.parser import parse
from telerehab.fhir.fhirpath.scope import Environment
from telerehab.fhir.fhirpath.values import Node
from telerehab.fhir.json import JsonObject, Number, parse_object
from telerehab.fhir.validation import validate
from telerehab.fhir.validation.constraints import BY_HAND, ELSEWHERE
from telerehab.fhir.validation.context import MAX_ADVICE
from telerehab.fhir.validation.corrections import CORRECTED
from telerehab.fhir.validation.invariants import expression_of
from telerehab.fhir.validation.presence import quick_answer

DATA = Path(__file__).parents[3] / "data"
TYPES = [
    file.name.removesuffix(".json")
    for file in (files("telerehab.fhir.definitions") / "data" / "structures").iterdir()
]


def constraints() -> Iterator[tuple[str, Constraint]]:
    for type_ in TYPES:
        for element in structure(type_)["element"]:
            for constraint in element.get("constraint", ()):
                yield element["path"], constraint


def test_every_invariant_is_evaluated() -> None:
    """None is left out: what is not FHIRPath here is written by hand, and that is listed."""
    keys: dict[str, set[str]] = {"error": set(), "warning": set()}
    for _, constraint in constraints():
        compiled(expression_of(constraint))
        keys[constraint["severity"]].add(constraint["key"])
    assert len(keys["error"]) == 203
    assert len(keys["warning"]) == 35
    by_hand = set(BY_HAND) | ELSEWHERE
    assert by_hand == {
        "bdl-8", "dom-2", "dom-3", "dom-4", "dom-5", "ele-1", "ext-1", "ref-1", "sqty-1", "txt-1", "txt-2"
    }  # fmt: skip
    assert keys["error"] >= by_hand - {"sqty-1"}
    assert keys["error"] >= CORRECTED.keys()


def resources(name: str) -> Iterator[JsonObject]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        for line in file:
            content = json.loads(line)
            yield parse_object(content["text"] if "file" in content else line)


def objects(node: Node) -> Iterator[Node]:
    if type(node.value) is dict:
        yield node
        for child in children([node]):
            yield from objects(child)


def test_quick_answers_are_those_of_fhirpath() -> None:
    """On every object of the examples, whole and without each of its members in turn."""
    by_path: dict[str, list[str]] = {}
    for path, constraint in constraints():
        if constraint["key"] not in ELSEWHERE:
            by_path.setdefault(path, []).append(expression_of(constraint))
    compared = 0
    for resource in resources("r4-examples.ndjson.gz"):
        if len(str(resource)) > 20_000:
            continue
        for node in objects(root(resource)):
            for expression in by_path.get(node.type, ()):
                quick = quick_answer(parse(expression), node.type)
                for value in (node.value, *lessened(node.value)):
                    answer = None if quick is None else quick(value)
                    if answer is not None:
                        context = Node(value, node.type)
                        environment = Environment(resource, resource, {"context": [context]})
                        assert holds(expression, context, environment) is answer, (expression, value)
                        compared += 1
    assert compared > 5_000


def lessened(value: JsonObject) -> Iterator[JsonObject]:
    for left_out in value:
        if left_out != "resourceType":
            yield {name: member for name, member in value.items() if name != left_out}


OBSERVATION: JsonObject = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "s", "code": "c"}]},
}
TIMING: JsonObject = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "order",
    "subject": {"display": "x"},
}
QUESTIONNAIRE: JsonObject = {"resourceType": "Questionnaire", "status": "active"}
CONDITION: JsonObject = {"resourceType": "Condition", "subject": {"display": "x"}}
BUNDLE: JsonObject = {"resourceType": "Bundle"}
APPOINTMENT: JsonObject = {"resourceType": "Appointment", "status": "proposed", "participant": [
    {"status": "accepted", "actor": {"display": "x"}}]}  # fmt: skip
TASK: JsonObject = {"resourceType": "Task", "status": "draft", "intent": "order"}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
UCUM = "http://unitsofmeasure.org"


def coded(system: str, code: str) -> JsonObject:
    return {"coding": [{"system": system, "code": code}]}


def repeat(**members: Any) -> JsonObject:
    return {"occurrenceTiming": {"repeat": members}}


def question(*items: JsonObject) -> JsonObject:
    return {"item": list(items)}


PATIENT_ENTRY: JsonObject = {"resource": {"resourceType": "Patient", "active": True}}

# (resource, members added to it, the invariants they break and where)
BROKEN: list[tuple[JsonObject, JsonObject, list[tuple[str, str]]]] = [
    (OBSERVATION, {"valueString": "v", "dataAbsentReason": {"text": "t"}}, [("obs-6", "Observation")]),
    (OBSERVATION, {"valueString": "v", "component": [{"code": coded("s", "c")}]}, [("obs-7", "Observation")]),
    (OBSERVATION, {"valueString": "v", "component": [{"code": coded("s", "d")}]}, []),
    (OBSERVATION, {"referenceRange": [{"age": {"low": {"value": 1}}}]}, [("obs-3", "Observation.referenceRange[0]")]),
    (OBSERVATION, {"component": [{"code": {"text": "t"}, "referenceRange": [{"appliesTo": [{"text": "t"}]}]}]},
     [("obs-3", "Observation.component[0].referenceRange[0]")]),
    (OBSERVATION, {"valueQuantity": {"value": 1, "code": "kg"}}, [("qty-3", "Observation.value.ofType(Quantity)")]),
    (OBSERVATION, {"valueRange": {"low": {"value": 2}, "high": {"value": 1}}},
     [("rng-2", "Observation.value.ofType(Range)")]),
    (OBSERVATION, {"valueRange": {"low": {"value": 2, "system": UCUM, "code": "g"},
                                  "high": {"value": 1, "system": UCUM, "code": "kg"}}}, []),
    (OBSERVATION, {"valueRange": {"low": {"value": 2, "unit": "drops"}, "high": {"value": 1, "unit": "cups"}}}, []),
    (OBSERVATION, {"valueRatio": {"numerator": {"value": 1}}}, [("rat-1", "Observation.value.ofType(Ratio)")]),
    (OBSERVATION, {"effectivePeriod": {"start": "2024-02-01", "end": "2024-01-31"}},
     [("per-1", "Observation.effective.ofType(Period)")]),
    (OBSERVATION, {"effectivePeriod": {"start": "2024-01-01T10:00:00+02:00", "end": "2024-01-01T09:00:00Z"}}, []),
    (OBSERVATION, {"effectivePeriod": {"start": "2024-01-01T10:00:00Z", "end": "2024-01-01T10:30:00+02:00"}},
     [("per-1", "Observation.effective.ofType(Period)")]),
    (OBSERVATION, {"effectivePeriod": {"start": "2024-05-01", "end": "2024"}}, []),
    (OBSERVATION, {"effectivePeriod": {"start": "2024-05-01", "end": "2023"}},
     [("per-1", "Observation.effective.ofType(Period)")]),
    (CONDITION, {"clinicalStatus": coded(CLINICAL, "active"), "abatementDateTime": "2024"}, [("con-4", "Condition")]),
    (CONDITION, {"clinicalStatus": coded(CLINICAL, "resolved"), "abatementDateTime": "2024"}, []),
    (CONDITION, {"clinicalStatus": coded(CLINICAL, "active"),
                 "verificationStatus": coded(VERIFICATION, "entered-in-error")}, [("con-5", "Condition")]),
    (CONDITION, {"stage": [{"type": {"text": "t"}}], "evidence": [{"extension": [{"url": "u", "valueCode": "c"}]}]},
     [("con-1", "Condition.stage[0]"), ("con-2", "Condition.evidence[0]")]),
    (CONDITION, {"onsetAge": {"value": -1, "code": "a", "system": UCUM}},
     [("age-1", "Condition.onset.ofType(Age)")]),
    (CONDITION, {"onsetAge": {"value": 3, "unit": "years"}}, [("age-1", "Condition.onset.ofType(Age)")]),
    (APPOINTMENT, {"status": "booked"}, [("app-3", "Appointment")]),
    (APPOINTMENT, {"start": "2024-01-01T10:00:00Z"}, [("app-2", "Appointment")]),
    (APPOINTMENT, {"cancelationReason": {"text": "t"}}, [("app-4", "Appointment")]),
    (APPOINTMENT, {"participant": [{"status": "accepted"}]}, [("app-1", "Appointment.participant[0]")]),
    (TIMING, repeat(duration=1), [("tim-1", "ServiceRequest.occurrence.ofType(Timing).repeat")]),
    (TIMING, repeat(frequency=1, period=-1, periodUnit="d"),
     [("tim-5", "ServiceRequest.occurrence.ofType(Timing).repeat")]),
    (TIMING, repeat(offset=5, when=["MORN"]), []),
    (TIMING, repeat(offset=5, when=["C"]), [("tim-9", "ServiceRequest.occurrence.ofType(Timing).repeat")]),
    (TIMING, {"orderDetail": [{"text": "t"}]}, [("prr-1", "ServiceRequest")]),
    (TASK, {"authoredOn": "2024-02-01T10:00:00Z", "lastModified": "2024-01-01T10:00:00Z"}, [("inv-1", "Task")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "group"}), [("que-1", "Questionnaire.item[0]")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "string"}, {"linkId": "a", "type": "date"}),
     [("que-2", "Questionnaire")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "group", "item": [{"linkId": "a", "type": "display",
                                                                         "required": True, "readOnly": True}]}),
     [("que-2", "Questionnaire"), ("que-6", "Questionnaire.item[0].item[0]"),
      ("que-9", "Questionnaire.item[0].item[0]")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "choice", "answerValueSet": "http://e.org/v",
                              "answerOption": [{"valueString": "s"}]}), [("que-4", "Questionnaire.item[0]")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "boolean", "answerOption": [{"valueString": "s"}]}),
     [("que-5", "Questionnaire.item[0]")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "date", "maxLength": 4}), [("que-10", "Questionnaire.item[0]")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "string", "enableWhen": [
        {"question": "b", "operator": "exists", "answerString": "yes"}]}),
     [("que-7", "Questionnaire.item[0].enableWhen[0]")]),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "string", "enableWhen": [
        {"question": "b", "operator": "exists", "answerBoolean": False}]}), []),
    (QUESTIONNAIRE, question({"linkId": "a", "type": "string", "enableWhen": [
        {"question": "b", "operator": "exists", "answerBoolean": True}] * 3}), [("que-12", "Questionnaire.item[0]")]),
    (BUNDLE, {"type": "document"}, [("bdl-9", "Bundle"), ("bdl-10", "Bundle"), ("bdl-11", "Bundle")]),
    (BUNDLE, {"type": "message", "entry": [PATIENT_ENTRY]}, [("bdl-12", "Bundle")]),
    (BUNDLE, {"type": "collection", "total": 1}, [("bdl-1", "Bundle")]),
    (BUNDLE, {"type": "collection", "entry": [{**PATIENT_ENTRY, "search": {"mode": "match"}}]}, [("bdl-2", "Bundle")]),
    (BUNDLE, {"type": "transaction", "entry": [PATIENT_ENTRY]}, [("bdl-3", "Bundle")]),
    (BUNDLE, {"type": "batch-response", "entry": [PATIENT_ENTRY]}, [("bdl-4", "Bundle")]),
    (BUNDLE, {"type": "collection", "entry": [{"fullUrl": "http://e.org/Patient/1"}]}, [("bdl-5", "Bundle.entry[0]")]),
    (BUNDLE, {"type": "collection", "entry": [{**PATIENT_ENTRY, "fullUrl": "http://e.org/Patient/1"}] * 2},
     [("bdl-7", "Bundle")]),
    (BUNDLE, {"type": "collection", "entry": [{**PATIENT_ENTRY, "fullUrl": "http://e.org/Patient/1/_history/1"}]},
     [("bdl-8", "Bundle.entry[0]")]),
    ({"resourceType": "Patient"}, {"contact": [{"gender": "male"}]}, [("pat-1", "Patient.contact[0]")]),
    ({"resourceType": "Patient"}, {"photo": [{"data": "aGVsbG8="}]}, [("att-1", "Patient.photo[0]")]),
    ({"resourceType": "Organization"}, {"active": True}, [("org-1", "Organization")]),
    ({"resourceType": "Organization"}, {"name": "n", "address": [{"use": "work"}, {"use": "home"}],
                                        "telecom": [{"use": "home", "system": "phone", "value": "1"}]},
     [("org-2", "Organization.address[1]"), ("org-3", "Organization.telecom[0]")]),
    ({"resourceType": "RiskAssessment", "status": "final", "subject": {"display": "x"}},
     {"prediction": [{"probabilityDecimal": Number("100.5")}, {"probabilityDecimal": 100}]},
     [("ras-2", "RiskAssessment.prediction[0]")]),
    ({"resourceType": "Parameters"}, {"parameter": [{"name": "a", "valueString": "v", "part": [{"name": "b",
                                                                                    "valueString": "v"}]}]},
     [("inv-1", "Parameters.parameter[0]")]),
    ({"resourceType": "StructureDefinition", "url": "http://e.org/s", "name": "N", "status": "draft",
      "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
      "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient"},
     {"differential": {"element": [{"id": "Patient", "path": "Patient", "max": "many"}]}},
     [("eld-3", "StructureDefinition.differential.element[0].max")]),
    ({"resourceType": "CodeSystem", "status": "active", "content": "complete"},
     {"concept": [{"code": "a", "concept": [{"code": "b"}]}, {"code": "b"}]}, [("csd-1", "CodeSystem")]),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "members", "broken"), BROKEN)
def test_a_broken_invariant_is_told_by_key_text_and_place(
    resource: JsonObject, members: JsonObject, broken: list[tuple[str, str]]
) -> None:
    issues = validate({**copy.deepcopy(resource), **members})
    told = [(issue.diagnostics.rpartition("(")[2].rstrip(")."), issue.expression) for issue in issues]
    assert sorted(told) == sorted(broken)
    assert {(issue.code, issue.severity) for issue in issues} <= {("invariant", "error")}


def test_best_practice_is_a_warning_and_only_told_when_asked_for() -> None:
    patient = {"resourceType": "Patient", "active": True}
    assert validate(patient) == []
    (advice,) = validate(patient, advises=True)
    assert (advice.severity, advice.code, advice.expression) == ("warning", "invariant", "Patient")
    assert advice.diagnostics == "A resource should have narrative for robust management (dom-6)."


def test_advice_does_not_crowd_out_faults() -> None:
    entries = [{"resource": {"resourceType": "Patient", "active": True}} for _ in range(600)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [*entries, {"link": []}]}
    issues = validate(bundle, advises=True)
    assert [issue.severity for issue in issues].count("warning") == MAX_ADVICE
    assert {issue.expression for issue in issues if issue.severity == "error"} == {
        "Bundle.entry[600]",
        "Bundle.entry[600].link",
    }


def test_a_full_url_beside_another_id_is_a_warning() -> None:
    entry = {
        "fullUrl": "http://e.org/Patient/1",
        "resource": {"resourceType": "Patient", "id": "2", "active": True},
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry]}
    assert validate(bundle) == []
    told = [(issue.severity, issue.expression) for issue in validate(bundle, advises=True)]
    assert ("warning", "Bundle.entry[0].fullUrl") in told


def test_a_contained_resource_is_the_resource_of_its_own_invariants() -> None:
    """obs-7 asks for %resource.code: that of the contained Observation."""
    contained = {**OBSERVATION, "id": "o", "valueString": "v", "component": [{"code": coded("s", "c")}]}
    report = {"resourceType": "DiagnosticReport", "status": "final", "code": coded("s", "other"),
              "contained": [contained], "result": [{"reference": "#o"}]}  # fmt: skip
    assert [issue.expression for issue in validate(report)] == ["DiagnosticReport.contained[0]"]


def test_references_within_a_bundle_are_resolved() -> None:
    """ctm-1: only a Practitioner acts on behalf of an organization."""

    def team(type_: str) -> JsonObject:
        member = {"member": {"reference": f"{type_}/1"}, "onBehalfOf": {"reference": "Organization/1"}}
        team = {"resourceType": "CareTeam", "participant": [member]}
        person = {"resourceType": type_, "id": "1", "active": True, "patient": {"reference": "Patient/1"}}
        if type_ == "Practitioner":
            del person["patient"]
        entries = [{"resource": team}, {"fullUrl": f"http://e.org/{type_}/1", "resource": person}]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    assert validate(team("Practitioner")) == []
    assert [issue.expression for issue in validate(team("RelatedPerson"))] == [
        "Bundle.entry[0].resource.participant[0]"
    ]
    assert validate(team("RelatedPerson")["entry"][0]["resource"]) == []
