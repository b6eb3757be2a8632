"""Composition/$document answers a document that stands alone, or says what it lacks."""

from __future__ import annotations

from typing import Any

import pytest

from telerehab.access import Access, Caller
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.server.request import FhirRequest
from telerehab.server.router import handle
from tests.services.records.conftest import Records
from tests.telerehab.server.conftest import BASE

TYPE = {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]}


def refer(*references: str) -> list[JsonObject]:
    return [{"reference": reference} for reference in references]


def composition(**more: Any) -> JsonObject:
    return {
        "resourceType": "Composition",
        "id": "report",
        "status": "final",
        "type": TYPE,
        "date": "2026-01-01",
        "title": "Report",
        "author": refer("Practitioner/author"),
        **more,
    }


async def write(records: Records, content: JsonObject) -> None:
    answer = await records.client.put(f"{content['resourceType']}/{content['id']}", json=content)
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture
async def stored(records: Records) -> Records:
    """What documents are made of."""
    active = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    for content in (
        {
            "resourceType": "Patient",
            "id": "whose",
            "managingOrganization": {"reference": "Organization/hospital"},
        },
        {"resourceType": "Practitioner", "id": "author", "name": [{"family": "First"}]},
        {
            "resourceType": "Organization",
            "id": "hospital",
            "name": "Hospital",
            "partOf": {"reference": "Organization/group"},
        },
        {"resourceType": "Organization", "id": "group", "name": "Group"},
        {
            "resourceType": "Condition",
            "id": "back-pain",
            "subject": {"reference": "Patient/whose"},
            "clinicalStatus": {"coding": [active]},
            "evidence": [{"detail": refer("Condition/not-part-of-it")}],
        },
        {
            "resourceType": "Condition",
            "id": "not-part-of-it",
            "subject": {"reference": "Patient/whose"},
            "clinicalStatus": {"coding": [active]},
        },
        {
            "resourceType": "List",
            "id": "problems",
            "status": "current",
            "mode": "snapshot",
            "subject": {"reference": "Patient/whose"},
            "entry": [{"item": {"reference": "Condition/back-pain"}}],
        },
    ):
        await write(records, content)
    return records


WHOLE = composition(
    subject={"reference": f"{BASE}/Patient/whose"},
    custodian={"reference": "Organization/hospital"},
    attester=[{"mode": "legal", "party": {"reference": "Practitioner/author"}}],
    relatesTo=[{"code": "replaces", "targetReference": {"reference": "Composition/before"}}],
    section=[
        {"title": "Outer", "section": [{"title": "Problems", "entry": refer("List/problems", "#inside")}]},
        {"title": "Told", "focus": {"display": "in words"}, "entry": [{"identifier": {"value": "1"}}]},
    ],
    contained=[{"resourceType": "Basic", "id": "inside", "code": {"text": "inside"}}],
)
EXPECTED = [
    "Composition/report",
    "Patient/whose",
    "Practitioner/author",
    "Organization/hospital",
    "List/problems",
    "Organization/group",
    "Condition/back-pain",
]


def names(document: Any) -> list[str]:
    assert (document["resourceType"], document["type"]) == ("Bundle", "document")
    return [entry["fullUrl"].removeprefix(f"{BASE}/") for entry in document["entry"]]


@pytest.mark.parametrize(
    "url",
    [
        "Composition/report/$document",
        "Composition/$document?id=report",
        "Composition/$document?id=Composition/report",
        f"Composition/$document?id={BASE}/Composition/report",
        "Composition/$document?id=report&persist=false",
    ],
)
async def test_it_holds_what_the_composition_names_in_its_order(stored: Records, url: str) -> None:
    await write(stored, WHOLE)
    document = await stored.get(url)
    assert names(document) == EXPECTED
    assert names(await stored.get(url)) == EXPECTED
    assert document["identifier"]["value"].startswith("urn:uuid:")
    assert "id" not in document
    for entry in document["entry"]:
        assert entry["fullUrl"].endswith(f"{entry['resource']['resourceType']}/{entry['resource']['id']}")
    assert stored.engine.validate(document) == []


async def test_a_document_that_is_kept_is_a_bundle_to_read(stored: Records) -> None:
    await write(stored, WHOLE)
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "id", "valueUri": "report"}, {"name": "persist", "valueBoolean": True}],
    }
    answer = await stored.client.post("Composition/$document", json=body)
    assert answer.status_code == 200, answer.text
    kept = answer.json()
    assert names(kept) == EXPECTED
    assert answer.headers["location"] == f"{BASE}/Bundle/{kept['id']}/_history/1"
    assert await stored.get(f"Bundle/{kept['id']}") == kept


async def test_a_version_that_is_named_is_the_one_that_is_held(stored: Records) -> None:
    name = {"resourceType": "Practitioner", "id": "renamed", "name": [{"family": "Before"}]}
    await stored.put(name)
    await stored.put({**name, "name": [{"family": "After"}]}, 200)
    await stored.client.put(
        "Composition/report", json=composition(author=refer("Practitioner/renamed/_history/1"))
    )
    document = await stored.get("Composition/report/$document")
    assert document["entry"][1]["resource"]["name"] == [{"family": "Before"}]
    assert names(document)[1] == "Practitioner/renamed"


async def test_every_reference_that_leads_nowhere_is_named(stored: Records) -> None:
    broken = composition(
        subject={"reference": "Patient/nobody"},
        author=refer("Practitioner/author", "Practitioner/nobody"),
        section=[
            {"title": "a", "entry": refer("http://elsewhere.example.org/fhir/Observation/1")},
            {
                "title": "b",
                "section": [{"title": "c", "entry": refer("List/none", "Condition/x/_history/9")}],
            },
        ],
    )
    await write(stored, broken)
    answer = await stored.get("Composition/report/$document", 422)
    assert [(issue["code"], issue["expression"]) for issue in answer["issue"]] == [
        ("not-found", ["Composition.subject"]),
        ("not-found", ["Composition.author[1]"]),
        ("not-supported", ["Composition.section[0].entry[0]"]),
        ("not-found", ["Composition.section[1].section[0].entry[0]"]),
        ("not-found", ["Composition.section[1].section[0].entry[1]"]),
    ]


async def test_what_the_caller_may_not_see_leads_nowhere(stored: Records) -> None:
    await write(stored, WHOLE)
    shared = frozenset({"Practitioner", "Organization", "Composition"})

    async def document(patient: str) -> Any:
        caller = Caller("restricted", access=Access(frozenset({patient}), shared))
        request = FhirRequest("GET", ("Composition", "report", "$document"), caller, BASE)
        return await handle(stored.engine, request)

    assert names(json.parse((await document("whose")).body)) == EXPECTED
    refused = await document("somebody-else")
    assert refused.status == 422
    paths = [issue["expression"][0] for issue in json.parse(refused.body)["issue"]]
    assert paths == ["Composition.subject", "Composition.section[0].section[0].entry[0]"]


@pytest.mark.parametrize(
    ("url", "status", "named"),
    [
        ("Composition/$document", 400, "id"),
        ("Composition/$document?id=nobody", 404, "nobody"),
        ("Composition/nobody/$document", 404, "nobody"),
        ("Composition/$document?id=Patient/whose", 400, "id"),
        ("Composition/$document?id=http://elsewhere.example.org/fhir/Composition/1", 400, "id"),
        ("Composition/$document?id=report/_history/1", 400, "id"),
        ("Composition/$document?id=report&id=report", 400, "id"),
        ("Composition/report/$document?id=report", 400, "id"),
        ("Composition/report/$document?persist=perhaps", 400, "persist"),
        ("Composition/report/$document?unheard=of", 400, "unheard"),
        ("Composition/report/$document?graph=http://x.example.org/g", 422, "graph"),
    ],
)
async def test_document_says_what_is_wrong(stored: Records, url: str, status: int, named: str) -> None:
    await write(stored, composition())
    (issue,) = (await stored.get(url, status))["issue"]
    assert named in f"{issue['diagnostics']} {issue.get('expression')}"


async def test_a_deleted_composition_is_gone(stored: Records) -> None:
    await stored.put({**composition(), "id": "gone"})
    await stored.client.delete("Composition/gone")
    await stored.get("Composition/$document?id=gone", 410)


async def test_it_is_claimed(records: Records) -> None:
    (rest,) = (await records.get("metadata"))["rest"]
    (resource,) = (one for one in rest["resource"] if one["type"] == "Composition")
    claimed = {one["name"]: one["definition"] for one in resource["operation"]}
    assert claimed["document"] == "http://hl7.org/fhir/OperationDefinition/Composition-document"
