"""Observation/$lastn answers the latest of each kind, of one subject and among what is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from telerehab.access import Access, Caller
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.server.request import FhirRequest
from telerehab.server.router import handle
from tests.services.outcomes.conftest import Outcomes

LOINC = "http://loinc.org"
VITAL = "http://terminology.hl7.org/CodeSystem/observation-category"


def observation(loinc: str, when: str | None, category: str = "vital-signs", **more: Any) -> JsonObject:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": VITAL, "code": category}]}],
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        **({"effectiveDateTime": when} if when else {}),
        **more,
    }


@pytest.fixture
async def measured(outcomes: Outcomes) -> dict[str, str]:
    """Observations of one patient: their names by id."""
    listed = {
        "pulse 1": observation("8867-4", "2026-01-01"),
        "pulse 3": observation("8867-4", "2026-01-03"),
        "pulse 2": observation("8867-4", "2026-01-02", status="entered-in-error"),
        "pulse without date": observation("8867-4", None),
        "weight 1": observation("29463-7", "2026-01-04T10:00:00Z"),
        "weight 2, also by a local code": observation(
            "29463-7",
            "2026-01-04T11:00:00Z",
            code={"coding": [{"system": LOINC, "code": "29463-7"}, {"system": "urn:local", "code": "W"}]},
        ),
        "weight 3, by the local code": observation(
            "W", "2026-01-04T12:00:00Z", code={"coding": [{"system": "urn:local", "code": "W"}]}
        ),
        "mood": observation("", "2025-12-31", "survey", code={"text": "mood"}),
        "mood before": observation("", "2025-12-30", "survey", code={"text": "mood"}),
    }
    return {(await outcomes.post(content))["id"]: name for name, content in listed.items()}


async def lastn(outcomes: Outcomes, names: dict[str, str], query: str) -> list[str]:
    bundle = await outcomes.send("GET", f"Observation/$lastn?{query}", None, 200)
    assert bundle["type"] == "searchset"
    assert bundle["link"][0]["relation"] == "self"
    return [names[entry["resource"]["id"]] for entry in bundle.get("entry", ())]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("category=vital-signs", ["weight 3, by the local code", "pulse 3"]),
        (
            "category=vital-signs&max=2",
            ["weight 3, by the local code", "weight 2, also by a local code", "pulse 3", "pulse 2"],
        ),
        ("code=8867-4&max=9", ["pulse 3", "pulse 2", "pulse 1", "pulse without date"]),
        ("code=8867-4&max=9&status=final", ["pulse 3", "pulse 1", "pulse without date"]),
        ("category=vital-signs,survey", ["weight 3, by the local code", "pulse 3", "mood"]),
        ("category=survey&max=5", ["mood", "mood before"]),
        ("code=8867-4&date=lt2026-01-02", ["pulse 1"]),
        ("combo-code=http://loinc.org|8867-4", ["pulse 3"]),
        ("category=imaging", []),
        ("category:not=survey&code:not=8867-4", ["weight 3, by the local code"]),
    ],
)
async def test_the_latest_of_each_kind(
    outcomes: Outcomes, measured: dict[str, str], query: str, found: list[str]
) -> None:
    assert await lastn(outcomes, measured, f"patient=Patient/{outcomes.patient}&{query}") == found
    assert await lastn(outcomes, measured, f"subject={outcomes.patient}&{query}") == found


async def test_the_search_may_be_posted_as_parameters(outcomes: Outcomes, measured: dict[str, str]) -> None:
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "max", "valuePositiveInt": 2},
            {"name": "patient", "valueString": f"Patient/{outcomes.patient}"},
            {"name": "code", "valueString": "8867-4"},
        ],
    }
    bundle = await outcomes.send("POST", "Observation/$lastn", body, 200)
    assert [measured[entry["resource"]["id"]] for entry in bundle["entry"]] == ["pulse 3", "pulse 2"]


async def test_many_observations_are_gone_through_page_by_page(outcomes: Outcomes) -> None:
    """More than a page holds: those of the first kind are all older than the others'."""
    old = [observation("old", f"2025-01-01T00:00:{number:02}Z") for number in range(4)]
    new = [
        observation(f"new-{number % 2}", f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z")
        for number in range(510)
    ]
    for listed in (old, new, new):
        entries = [
            {"resource": outcomes.mine(one), "request": {"method": "POST", "url": "Observation"}}
            for one in listed
        ]
        await outcomes.send(
            "POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries}, 200
        )
    bundle = await outcomes.send(
        "GET", f"Observation/$lastn?patient={outcomes.patient}&category=vital-signs&max=3", None, 200
    )
    times = [entry["resource"]["effectiveDateTime"][14:19] for entry in bundle["entry"]]
    assert times == ["08:29", "08:29", "08:27", "08:28", "08:28", "08:26", "00:03", "00:02", "00:01"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", "patient"),
        ("category=vital-signs", "patient"),
        ("patient={patient}", "category"),
        ("patient={patient}&date=2026", "category"),
        ("patient={patient}&category=vital-signs&max=0", "max"),
        ("patient={patient}&category=vital-signs&max=two", "max"),
        ("patient={patient}&category=vital-signs&max=1&max=2", "max"),
        ("patient={patient}&category=vital-signs&unheard=of", "unheard"),
        ("patient={patient}&category=vital-signs&date=yesterday", "date"),
        ("patient={patient}&category=vital-signs&_count=5", "_count"),
        ("patient={patient}&category=vital-signs&_sort=date", "_sort"),
        ("patient={patient}&category=vital-signs&_include=Observation:subject", "_include"),
    ],
)
async def test_lastn_says_what_is_wrong(outcomes: Outcomes, query: str, named: str) -> None:
    url = f"Observation/$lastn?{query.replace('{patient}', outcomes.patient)}"
    answer = await outcomes.send("GET", url, None, 400)
    (issue,) = answer["issue"]
    assert named in f"{issue['diagnostics']} {issue.get('expression')}"


async def test_parameters_that_are_no_text_are_refused(outcomes: Outcomes) -> None:
    listed = [{"name": "patient", "valueReference": {"reference": "Patient/1"}}]
    body = {"resourceType": "Parameters", "parameter": listed}
    answer = await outcomes.send("POST", "Observation/$lastn", body, 400)
    assert "patient" in answer["issue"][0]["diagnostics"]


async def test_hidden_observations_are_not_answered(outcomes: Outcomes, measured: dict[str, str]) -> None:
    query = [("patient", outcomes.patient), ("category", "vital-signs")]
    for patients, status in (({outcomes.patient}, 2), ({"somebody-else"}, 0)):
        caller = Caller("restricted", access=Access(frozenset(patients)))
        request = FhirRequest("GET", ("Observation", "$lastn"), caller, "http://x", query)
        bundle = json.parse((await handle(outcomes.engine, request)).body)
        assert bundle["total"] == status


async def test_it_is_claimed(outcomes: Outcomes) -> None:
    (rest,) = (await outcomes.send("GET", "metadata", None, 200))["rest"]
    (resource,) = (one for one in rest["resource"] if one["type"] == "Observation")
    claimed = {one["name"]: one["definition"] for one in resource["operation"]}
    assert claimed["lastn"] == "http://hl7.org/fhir/OperationDefinition/Observation-lastn"
