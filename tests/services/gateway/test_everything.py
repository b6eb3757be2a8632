"""$everything gathers a patient's record from all owners, pages it, and says what is missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from telerehab.fhir.json import JsonObject
from tests.services.deployment import BASE, Deployment
from tests.services.gateway.bundles import entry, goal, ids, observation, patient, post, transaction


def organization(name: str) -> JsonObject:
    return {"resourceType": "Organization", "name": name}


async def record(on: Deployment) -> list[str]:
    """A patient with resources at several owners; references of what was made, the patient first."""
    role = {"resourceType": "PractitionerRole", "organization": {"reference": "urn:uuid:clinic"}}
    old = observation(
        "urn:uuid:p", effectiveDateTime="2019-05-01", performer=[{"reference": "urn:uuid:role"}]
    )
    new = observation("urn:uuid:p", effectiveDateTime="2026-05-01")
    answer = await post(
        on,
        transaction(
            entry(
                "POST", "Patient", patient(managingOrganization={"reference": "urn:uuid:org"}), "urn:uuid:p"
            ),
            entry("POST", "Observation", old),
            entry("POST", "Observation", new),
            entry("POST", "Goal", goal("urn:uuid:p")),
            entry("POST", "Organization", organization("hospital"), "urn:uuid:org"),
            entry("POST", "Organization", organization("clinic"), "urn:uuid:clinic"),
            entry("POST", "PractitionerRole", role, "urn:uuid:role"),
            entry("POST", "Observation", observation("Patient/somebody-else")),
        ),
    )
    assert answer.status_code == 200, answer.text
    return ids(answer)


def references(bundle: Any, mode: str) -> list[str]:
    return [
        one["fullUrl"].removeprefix(f"{BASE}/")
        for one in bundle.get("entry", ())
        if one["search"]["mode"] == mode
    ]


async def everything(on: Deployment, url: str, **parameters: str) -> Any:
    answer = await on.client.get(url, params=parameters or None)  # an empty mapping would take the query away
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_whole_record_comes_with_what_it_refers_to(deployment: Deployment) -> None:
    made = await record(deployment)
    bundle = await everything(deployment, f"{made[0]}/$everything")
    assert bundle["type"] == "searchset"
    matches = references(bundle, "match")
    assert matches[0] == made[0]
    assert sorted(matches) == sorted(made[:4])
    assert sorted(references(bundle, "include")) == sorted(made[4:7])
    assert references(bundle, "outcome") == []


async def test_pages_have_each_resource_once(deployment: Deployment) -> None:
    made = await record(deployment)
    seen: list[str] = []
    url = f"{made[0]}/$everything?_count=1"
    for _ in range(20):
        bundle = await everything(deployment, url)
        seen += references(bundle, "match")
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
        if not url:
            break
    assert Counter(seen) == Counter(made[:4])


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"_type": "Observation"}, [1, 2]),
        ({"_type": "Goal,Patient"}, [0, 3]),
        ({"start": "2026"}, [0, 2, 3]),
        ({"end": "2019-05"}, [0, 1, 3]),
        ({"start": "2020", "end": "2025"}, [0, 3]),
        ({"_since": "2099-01-01T00:00:00Z"}, [0]),
    ],
)
async def test_parameters_narrow_the_record(
    deployment: Deployment, parameters: dict[str, str], found: list[int]
) -> None:
    made = await record(deployment)
    bundle = await everything(deployment, f"{made[0]}/$everything", **parameters)
    assert sorted(references(bundle, "match")) == sorted(made[place] for place in found)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("Patient/nobody/$everything", 404),
        ("Patient/$everything", 400),
        ("Patient/{id}/$everything?_type=Nothing", 400),
        ("Patient/{id}/$everything?_type=Goal,", 400),
        ("Patient/{id}/$everything?_count=0", 400),
        ("Patient/{id}/$everything?_count=many", 400),
        ("Patient/{id}/$everything?_count=1&_count=2", 400),
        ("Patient/{id}/$everything?_offset=3", 400),
        ("Patient/{id}/$everything?_since=2026", 400),
        ("Patient/{id}/$everything?start=yesterday", 400),
        ("Patient/{id}/$everything?end=2026-13", 400),
        ("Patient/{id}/$everything?unheard=of", 400),
        ("Patient/{id}/$everything?_cursor=9.x", 400),
        ("Patient/{id}/$everything?_cursor=x", 400),
        ("Patient/{id}/$everything?_cursor=0.x", 410),
    ],
)
async def test_what_is_wrong_is_said(deployment: Deployment, url: str, status: int) -> None:
    (made,) = ids(await post(deployment, transaction(entry("POST", "Patient", patient()))))
    answer = await deployment.client.get(url.replace("{id}", made.partition("/")[2]))
    assert answer.status_code == status
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    if status == 400:
        assert url.partition("?")[2].partition("=")[0] in str(outcome["issue"])


async def test_a_record_that_is_deleted_is_gone(deployment: Deployment) -> None:
    (made,) = ids(await post(deployment, transaction(entry("POST", "Patient", patient()))))
    await deployment.client.delete(made)
    assert (await deployment.client.get(f"{made}/$everything")).status_code == 410


async def test_it_may_be_posted(deployment: Deployment) -> None:
    made = await record(deployment)
    listed = [{"name": "_type", "valueCode": "Observation"}, {"name": "start", "valueDate": "2026"}]
    asked = {"resourceType": "Parameters", "parameter": [*listed, {"name": "_count", "valueInteger": 1}]}
    answer = await deployment.client.post(f"{made[0]}/$everything", json=asked)
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    assert references(bundle, "match") == [made[2]]
    for link in bundle["link"]:
        again = await everything(deployment, link["url"])
        assert references(again, "match") in ([made[2]], [])


async def test_without_count_a_large_record_comes_in_pages(deployment: Deployment) -> None:
    """More resources than a page holds, at two owners."""
    (made,) = ids(await post(deployment, transaction(entry("POST", "Patient", patient()))))
    seen: list[str] = []
    for _ in range(3):
        entries = [entry("POST", "Observation", observation(made)) for _ in range(350)]
        await post(deployment, transaction(*entries, entry("POST", "Goal", goal(made))))
    url, pages = f"{made}/$everything", 0
    while url and pages < 5:
        bundle = await everything(deployment, url)
        matches = references(bundle, "match")
        assert len(matches) <= 1000
        seen += matches
        pages += 1
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert seen[0] == made
    assert len(seen) == len(set(seen)) == 1 + 3 * 351
    assert pages in (2, 3)  # the last may be empty


async def test_a_neighbour_that_is_down_is_told_in_the_bundle(fragile: Deployment) -> None:
    made = await record(fragile)
    await fragile.stop("outcomes")
    bundle = await everything(fragile, f"{made[0]}/$everything")
    assert references(bundle, "match") == [made[0], made[3]]
    (outcome,) = [one["resource"] for one in bundle["entry"] if one["search"]["mode"] == "outcome"]
    assert "outcomes" in outcome["issue"][0]["diagnostics"]
    await fragile.stop("records")
    assert (await fragile.client.get(f"{made[0]}/$everything")).status_code == 503
