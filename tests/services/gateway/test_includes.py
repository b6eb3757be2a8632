"""Includes reach whatever owner keeps what they ask for, over direct calls and over gRPC."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from telerehab.access import Access, Caller
from telerehab.fhir.json import JsonObject
from telerehab.fhir.search import parse_query
from telerehab.server.including import OtherOwners
from telerehab.store.search import includes
from tests.services.deployment import BASE, Deployment
from tests.services.gateway.bundles import entry, goal, observation, patient, post, transaction


async def visit(on: Deployment) -> dict[str, str]:
    """A patient at a clinic, who has met a practitioner, was measured then, and has a goal."""
    names = ("Patient", "Practitioner", "Organization", "Encounter", "Observation", "Goal")
    ids = {name: f"{name}/{uuid4()}" for name in names}
    resources: list[JsonObject] = [
        patient(managingOrganization={"reference": ids["Organization"]}),
        {"resourceType": "Practitioner", "name": [{"family": "Adler"}]},
        {"resourceType": "Organization", "name": "Clinic"},
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "VR"},
            "subject": {"reference": ids["Patient"]},
            "participant": [{"individual": {"reference": ids["Practitioner"]}}],
        },
        observation(ids["Patient"], encounter={"reference": ids["Encounter"]}),
        goal(ids["Patient"]),
    ]
    made = [
        entry("PUT", ids[one["resourceType"]], {**one, "id": ids[one["resourceType"]].partition("/")[2]})
        for one in resources
    ]
    answer = await post(on, transaction(*made))
    assert answer.status_code == 200, answer.text
    return ids


def found(page: Any, mode: str) -> list[str]:
    return [
        one["fullUrl"].removeprefix(f"{BASE}/")
        for one in page.get("entry", ())
        if one["search"]["mode"] == mode
    ]


def told(page: Any) -> list[str]:
    return [
        issue["diagnostics"]
        for one in page.get("entry", ())
        if one["search"]["mode"] == "outcome"
        for issue in one["resource"]["issue"]
    ]


async def page(on: Deployment, of: str, *pairs: tuple[str, str]) -> Any:
    type_, _, id_ = of.partition("/")
    answer = await on.client.get(type_, params=[("_id", id_), *pairs])
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("of", "asked", "brought"),
    [
        ("Observation", [("_include", "Observation:subject")], {"Patient"}),
        ("Observation", [("_include", "Observation:subject:Group")], set()),
        ("Observation", [("_include", "*")], {"Patient", "Encounter"}),
        ("Patient", [("_revinclude", "Observation:subject")], {"Observation"}),
        ("Patient", [("_revinclude", "Observation:patient")], {"Observation"}),
        (
            "Patient",
            [
                ("_include", "Patient:organization"),
                ("_revinclude", "Goal:subject"),
                ("_revinclude", "Encounter:subject"),
                ("_revinclude", "Observation:subject"),
            ],
            {"Organization", "Goal", "Encounter", "Observation"},
        ),
        (
            "Observation",
            [
                ("_include", "Observation:encounter"),
                ("_include:iterate", "Encounter:participant"),
                ("_include:iterate", "Encounter:subject"),
                ("_include:iterate", "Patient:organization"),
                ("_revinclude:iterate", "Goal:subject"),
            ],
            {"Encounter", "Practitioner", "Patient", "Organization", "Goal"},
        ),
        (
            "Encounter",
            [("_revinclude", "Observation:encounter"), ("_include", "Encounter:subject")],
            {"Observation", "Patient"},
        ),
    ],
)
async def test_what_other_owners_keep_is_included_once(
    deployment: Deployment, of: str, asked: list[tuple[str, str]], brought: set[str]
) -> None:
    ids = await visit(deployment)
    answer = await page(deployment, ids[of], *asked)
    assert found(answer, "match") == [ids[of]]
    assert sorted(found(answer, "include")) == sorted(ids[type_] for type_ in brought)
    assert told(answer) == []


async def test_one_question_to_each_owner_and_level(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await visit(deployment)
    asked: list[str] = []
    engine = deployment.engines["session"]
    include = engine.neighbours.include

    async def counted(owner: str, *given: Any, **more: Any) -> Any:
        asked.append(owner)
        return await include(owner, *given, **more)

    monkeypatch.setattr(engine.neighbours, "include", counted)
    sources = (
        "Observation:encounter",
        "QuestionnaireResponse:encounter",
        "CarePlan:encounter",
        "Flag:encounter",
    )
    every = [("_include", "*"), *(("_revinclude", source) for source in sources)]
    answer = await page(deployment, ids["Encounter"], *every)
    brought = [ids[name] for name in ("Patient", "Practitioner", "Observation")]
    assert sorted(found(answer, "include")) == sorted(brought)
    assert sorted(asked) == ["exercise_prescription", "outcomes", "records"]


async def test_deleted_and_hidden_resources_are_not_included(deployment: Deployment) -> None:
    ids = await visit(deployment)
    other = await visit(deployment)
    engine = deployment.engines["outcomes"]
    query = parse_query("Observation", [("_include", "Observation:subject")])
    mine = Access(frozenset({ids["Patient"].partition("/")[2]}), frozenset({"Observation"}))
    elsewhere = OtherOwners(engine, Caller("test", access=mine))
    shown = await engine.store.search(query, mine, elsewhere=elsewhere)
    assert other["Observation"] in [each.reference for each in shown.matches]
    assert [each.reference for each in shown.included] == [ids["Patient"]]
    assert (await deployment.client.delete(ids["Goal"])).status_code == 204
    answer = await page(deployment, ids["Patient"], ("_revinclude", "Goal:subject"))
    assert found(answer, "include") == []


async def test_a_cut_is_told(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await visit(deployment)
    more = (entry("POST", "Observation", observation(ids["Patient"])) for _ in range(5))
    await post(deployment, transaction(*more))
    engine = deployment.engines["records"]
    caller = Caller("test")
    query = parse_query(
        "Patient", [("_id", ids["Patient"].partition("/")[2]), ("_revinclude", "Observation:subject")]
    )
    matches = (await engine.store.search(query, caller.access)).matches
    for most, count in ((6, 6), (3, 3)):
        included, issues = await includes.include(
            engine.store.pool,
            matches,
            query.includes,
            query.revincludes,
            caller.access,
            engine.store.aliases,
            OtherOwners(engine, caller),
            most=most,
        )
        assert len(included) == count
        assert [issue.code for issue in issues] == (["incomplete"] if most < 6 else [])


async def test_what_is_missing_while_an_owner_is_down_is_told(fragile: Deployment) -> None:
    ids = await visit(fragile)
    await fragile.stop("outcomes")
    answer = await page(
        fragile, ids["Patient"], ("_revinclude", "Observation:subject"), ("_revinclude", "Goal:subject")
    )
    assert found(answer, "include") == [ids["Goal"]]
    (issue,) = told(answer)
    assert "'outcomes'" in issue
    assert "Observation" in issue
