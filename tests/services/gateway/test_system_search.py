"""Searches over several types, and in compartments: at the gateway over all owners, at an owner over its own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.services.deployment import BASE, Deployment
from tests.services.gateway.bundles import FHIR, entry, goal, ids, observation, patient, post, transaction

TAG = "http://example.org/tags"


async def record(on: Deployment) -> tuple[str, str, list[str]]:
    """A patient, a tag, and what has it: at three owners, the patient first."""
    tag = uuid4().hex
    meta: dict[str, Any] = {"meta": {"tag": [{"system": TAG, "code": tag}]}}
    answer = await post(
        on,
        transaction(
            entry("POST", "Patient", patient(**meta), "urn:uuid:p"),
            entry("POST", "Goal", goal("urn:uuid:p", **meta)),
            entry("POST", "Goal", goal("urn:uuid:p", **meta)),
            entry("POST", "Observation", observation("urn:uuid:p", **meta)),
            entry("POST", "Observation", observation("urn:uuid:p", **meta)),
            entry("POST", "Observation", observation("urn:uuid:p", **meta)),
        ),
    )
    assert answer.status_code == 200, answer.text
    made = ids(answer)
    return made[0], tag, made


def found(page: Any, mode: str = "match") -> list[str]:
    return [
        one["fullUrl"].removeprefix(f"{BASE}/")
        for one in page.get("entry", ())
        if one["search"]["mode"] == mode
    ]


def link(page: Any, relation: str) -> str:
    return next((each["url"] for each in page["link"] if each["relation"] == relation), "")


async def pages(on: Deployment, url: str, size: int) -> list[str]:
    listed: list[str] = []
    while url:
        answer = await on.client.get(url)
        assert answer.status_code == 200, answer.text
        listed += found(answer.json())
        url = link(answer.json(), "next")
        assert len(found(answer.json())) == size or not url
    return listed


async def test_without_types_all_are_searched(deployment: Deployment) -> None:
    _, tag, made = await record(deployment)
    assert sorted(await pages(deployment, f"?_tag={TAG}|{tag}&_count=2", 2)) == sorted(made)
    counted = (await deployment.client.get(f"?_tag={tag}&_summary=count")).json()
    assert (counted["total"], found(counted)) == (len(made), [])
    page = (await deployment.client.get(f"?_tag={tag}&_total=accurate&_count=1&_elements=id")).json()
    assert page["total"] == len(made)
    assert page["entry"][0]["resource"]["meta"]["tag"][-1]["code"] == "SUBSETTED"


async def test_a_form_finds_what_a_url_finds(deployment: Deployment) -> None:
    _, tag, made = await record(deployment)
    answer = await deployment.client.post("_search?_type=Goal,Observation", data={"_tag": tag})
    assert sorted(found(answer.json())) == sorted(made[1:])
    assert link(answer.json(), "self").startswith(f"{BASE}?_type=")


async def test_types_of_one_owner_have_an_order_and_includes(deployment: Deployment) -> None:
    person, tag, made = await record(deployment)
    url = f"?_type=Observation,Task&_tag={tag}&_sort=-_id&_include=Observation:subject"
    page = (await deployment.client.get(url)).json()
    assert found(page) == sorted(made[3:], reverse=True)
    assert found(page, "include") == [person]
    refused = await deployment.client.get(f"?_type=Observation,Patient&_tag={tag}&_sort=_lastUpdated")
    assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (400, ["_sort"])


async def test_what_one_type_does_not_know_is_refused_for_all(deployment: Deployment) -> None:
    assert (await deployment.client.get("?_type=Patient,Observation&gender=male")).status_code == 400
    assert (await deployment.client.get("?_type=Dog")).status_code == 404
    lenient = await deployment.client.get(
        "?_type=Patient,Observation&gender=male&_count=0", headers={"prefer": "handling=lenient"}
    )
    assert "gender" not in link(lenient.json(), "self")


COMPARTMENTS = [
    ("{Patient}/Observation", {"Observation"}),
    ("{Patient}/Observation?status=final", {"Observation"}),
    ("{Patient}/Observation?status=preliminary", set()),
    ("{Patient}/*", {"Patient", "Observation", "Encounter", "Condition"}),
    ("{Patient}/*?_type=Observation,Encounter", {"Observation", "Encounter"}),
    ("{Patient}/Patient", {"Patient"}),
    ("{Practitioner}/Encounter", {"Encounter"}),
    ("{Practitioner}/*", {"Practitioner", "Encounter", "Observation"}),
    ("{Encounter}/*", {"Encounter", "Observation", "Condition"}),
    ("{Encounter}/Condition?code=x", {"Condition"}),
    ("{Device}/*", {"Observation"}),
    ("{Device}/Observation?patient.family=okafor", {"Observation"}),
    ("Patient/nobody/Observation", set()),
]


@pytest.fixture(scope="module")
async def visit(deployment: Deployment) -> dict[str, str]:
    """A visit, and somebody else's."""
    made: dict[str, str] = {}
    for who in ("", "Other"):
        ids = {
            name: f"{name}/{uuid4()}"
            for name in ("Patient", "Practitioner", "Device", "Encounter", "Observation", "Condition")
        }
        to = {name: {"reference": reference} for name, reference in ids.items()}
        resources: dict[str, dict[str, Any]] = {
            "Patient": {"name": [{"family": "Okafor"}]},
            "Practitioner": {"name": [{"family": "Adler"}]},
            "Device": {"status": "active"},
            "Encounter": {
                "status": "finished",
                "class": {"code": "VR"},
                "subject": to["Patient"],
                "participant": [{"individual": to["Practitioner"]}],
            },
            "Observation": observation(
                ids["Patient"],
                encounter=to["Encounter"],
                device=to["Device"],
                performer=[to["Practitioner"]],
            ),
            "Condition": {
                "subject": to["Patient"],
                "encounter": to["Encounter"],
                "code": {"coding": [{"code": "x"}]},
            },
        }
        answer = await post(
            deployment,
            transaction(
                *(
                    entry("PUT", ids[name], {**one, "resourceType": name, "id": ids[name].partition("/")[2]})
                    for name, one in resources.items()
                )
            ),
        )
        assert answer.status_code == 200, answer.text
        made |= {who + name: reference for name, reference in ids.items()}
    return made


@pytest.mark.parametrize(("url", "names"), COMPARTMENTS)
async def test_a_compartment_holds_what_the_definitions_say(
    deployment: Deployment, visit: dict[str, str], url: str, names: set[str]
) -> None:
    url = url.format(**visit)
    answer = await deployment.client.get(url)
    assert answer.status_code == 200, answer.text
    assert sorted(found(answer.json())) == sorted(visit[name] for name in names)
    assert link(answer.json(), "self").startswith(f"{BASE}/{url.partition('?')[0]}")
    place, _, query = url.partition("?")
    form = await deployment.client.post(
        f"{place}/_search", content=query, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert form.status_code == 200, form.text
    assert sorted(found(form.json())) == sorted(found(answer.json()))


async def test_pages_of_a_compartment_are_the_whole_and_stay_in_it(
    deployment: Deployment, visit: dict[str, str]
) -> None:
    listed = await pages(deployment, f"{visit['Patient']}/*?_count=1", 1)
    assert len(listed) == len(set(listed)) == 4
    more = [entry("POST", "Observation", observation(visit["Patient"])) for _ in range(3)]
    made = ids(await post(deployment, transaction(*more)))
    url = f"{visit['Patient']}/Observation?_count=2"
    first = (await deployment.client.get(url)).json()
    assert link(first, "next").startswith(f"{BASE}/{visit['Patient']}/Observation?")
    assert set(await pages(deployment, url, 2)) == {*made, visit["Observation"]}
    elsewhere = link(first, "next").replace(visit["Patient"], visit["OtherPatient"])
    assert (await deployment.client.get(elsewhere)).status_code == 410
    for reference in made:
        assert (await deployment.client.delete(reference)).status_code == 204


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("Organization/1/Observation", 404),
        ("Patient/1/Dog", 404),
        ("Dog/1/Observation", 404),
        ("Dog/1/*", 404),
        ("Patient/1/Organization", 400),
        ("Patient/1/*?gender=male", 400),
        ("Patient/a%20b/Observation", 400),
        ("Patient/1/Observation/2", 404),
    ],
)
async def test_what_is_no_compartment_is_refused(deployment: Deployment, url: str, status: int) -> None:
    answer = await deployment.client.get(url)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_a_bundle_may_search_in_a_compartment(deployment: Deployment, visit: dict[str, str]) -> None:
    searches = [
        entry("GET", f"{visit['Patient']}/Observation"),
        entry("GET", f"{visit['Patient']}/*?_count=0"),
    ]
    answer = await deployment.client.post(
        "", json={"resourceType": "Bundle", "type": "batch", "entry": searches}, headers=FHIR
    )
    one, counted = (each["resource"] for each in answer.json()["entry"])
    assert found(one) == [visit["Observation"]]
    assert counted["total"] == 4
