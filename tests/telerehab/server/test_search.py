"""Search over HTTP: pages, links, what is understood and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from telerehab.engine import Engine
from tests.telerehab.server.conftest import BASE, client_of

FAMILIES = ["Adler", "Beyer", "Conrad", "Dorn", "Ebert"]


@pytest.fixture
async def client(new_engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(new_engine) as opened:
        for family in FAMILIES:
            patient: dict[str, Any] = {"resourceType": "Patient", "id": family, "name": [{"family": family}]}
            patient |= {
                "managingOrganization": {"reference": "Organization/clinic"},
                "active": family != "Dorn",
            }
            assert (await opened.put(f"Patient/{family}", json=patient)).status_code == 201
        await opened.put(
            "Organization/clinic", json={"resourceType": "Organization", "id": "clinic", "name": "C"}
        )
        yield opened


def ids(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    return [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


def link(bundle: dict[str, Any], relation: str) -> str | None:
    return next((one["url"] for one in bundle["link"] if one["relation"] == relation), None)


async def pages(client: httpx.AsyncClient, url: str) -> list[list[str]]:
    found: list[list[str]] = []
    next_: str | None = url
    while next_:
        response = await client.get(next_)
        assert response.status_code == 200, response.text
        found.append(ids(response.json()))
        next_ = link(response.json(), "next")
    return found


async def test_search_answers_a_searchset(client: httpx.AsyncClient) -> None:
    bundle = (await client.get("Patient", params={"family": "beyer"})).json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    assert "total" not in bundle
    (entry,) = bundle["entry"]
    assert entry["fullUrl"] == f"{BASE}/Patient/Beyer"
    assert entry["resource"] == (await client.get("Patient/Beyer")).json()
    assert link(bundle, "self") == f"{BASE}/Patient?family=beyer"
    assert link(bundle, "next") is None


async def test_pages_hold_everything_once_even_while_others_write(client: httpx.AsyncClient) -> None:
    first = (await client.get("Patient?_count=2&_sort=family")).json()
    await client.put(
        "Patient/Zorn", json={"resourceType": "Patient", "id": "Zorn", "name": [{"family": "Zorn"}]}
    )
    rest = await pages(client, str(link(first, "next")))
    assert [ids(first), *rest] == [["Adler", "Beyer"], ["Conrad", "Dorn"], ["Ebert", "Zorn"]]


@pytest.mark.parametrize(
    "query", ["family=adler", "active=false", "family=adler,beyer&active=true", "_sort=-family&_count=3", ""]
)
async def test_post_search_equals_get(client: httpx.AsyncClient, query: str) -> None:
    got = (await client.get(f"Patient?{query}")).json()
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = (await client.post("Patient/_search", content=query, headers=form)).json()
    in_url = (await client.post(f"Patient/_search?{query}")).json()
    for other in (posted, in_url):
        assert ids(other) == ids(got)
        assert link(other, "self") == link(got, "self")


async def test_form_of_another_type_is_415(client: httpx.AsyncClient) -> None:
    response = await client.post("Patient/_search", json={"family": "x"})
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("colour=red", "colour"),
        ("family:fuzzy=x", "fuzzy"),
        ("active.x=1", "active.x"),
        ("_sort=colour", "colour"),
        ("_unknown=1", "_unknown"),
    ],
)
async def test_unknown_is_refused_by_name_unless_lenient(
    client: httpx.AsyncClient, query: str, name: str
) -> None:
    strict = await client.get(f"Patient?family=adler&{query}")
    assert strict.status_code == 400
    assert name in strict.text
    lenient = await client.get(f"Patient?family=adler&{query}", headers={"prefer": "handling=lenient"})
    assert lenient.status_code == 200, lenient.text
    assert ids(lenient.json()) == ["Adler"]
    assert link(lenient.json(), "self") == f"{BASE}/Patient?family=adler"


@pytest.mark.parametrize("query", ["birthdate=2020-13", "_count=x", "_lastUpdated=gt", "_summary=some"])
async def test_malformed_is_refused_even_leniently(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"Patient?{query}", headers={"prefer": "handling=lenient"})
    assert response.status_code == 400


async def test_totals_parts_and_includes(client: httpx.AsyncClient) -> None:
    count = (await client.get("Patient?_summary=count")).json()
    assert (count["total"], "entry" in count) == (5, False)
    assert (await client.get("Patient?_count=0")).json()["total"] == 5
    counted = (await client.get("Patient?_total=accurate&_count=1")).json()
    assert (counted["total"], len(counted["entry"])) == (5, 1)
    some = (await client.get("Patient?family=adler&_elements=active")).json()["entry"][0]["resource"]
    assert some.keys() == {"resourceType", "id", "meta", "active"}
    assert some["meta"]["versionId"] == "1"
    with_clinic = (await client.get("Patient?family=adler&_include=Patient:organization")).json()
    assert (ids(with_clinic), ids(with_clinic, "include")) == (["Adler"], ["clinic"])
    with_patients = (await client.get("Organization?_revinclude=Patient:organization")).json()
    assert sorted(ids(with_patients, "include")) == sorted(FAMILIES)


async def test_own_absolute_reference_is_a_local_one(client: httpx.AsyncClient) -> None:
    patient: dict[str, Any] = {"resourceType": "Patient", "id": "Far", "name": [{"family": "Far"}]}
    patient["managingOrganization"] = {"reference": f"{BASE}/Organization/clinic"}
    await client.put("Patient/Far", json=patient)
    for value in ("Organization/clinic", "clinic", f"{BASE}/Organization/clinic"):
        found = (await client.get("Patient", params={"organization": value})).json()
        assert sorted(ids(found)) == sorted([*FAMILIES, "Far"])


async def test_count_is_capped_and_shown_so(client: httpx.AsyncClient) -> None:
    bundle = (await client.get("Patient?_count=5000")).json()
    assert link(bundle, "self") == f"{BASE}/Patient?_count=1000"


async def test_altered_cursor_is_refused(client: httpx.AsyncClient) -> None:
    url = str(link((await client.get("Patient?_count=2")).json(), "next"))
    assert (await client.get(url)).status_code == 200
    for other in (
        url[:-2] + "AA",
        url.replace("_count=2", "_count=2&active=true"),
        f"{BASE}/Patient?_cursor=x",
    ):
        response = await client.get(other)
        assert response.status_code in (400, 410)
        assert response.json()["resourceType"] == "OperationOutcome"
    assert (await client.get(f"{url}&_cursor=y")).status_code == 400


async def test_poller_is_told_where_to_go_on(client: httpx.AsyncClient) -> None:
    bundle = (await client.get("Patient?_lastUpdated=gt2020&_sort=_lastUpdated")).json()
    assert len(ids(bundle)) == 5
    assert bundle["meta"]["lastUpdated"]
    (told,) = [e["resource"] for e in bundle["entry"] if e["search"]["mode"] == "outcome"]
    assert told["resourceType"] == "OperationOutcome"


async def test_a_search_is_explained_where_that_is_allowed(
    client: httpx.AsyncClient, new_engine: Engine
) -> None:
    explain = {"prefer": "handling=strict, explain"}
    plain = (await client.get("Patient?family=adler", headers=explain)).json()
    assert [e["search"]["mode"] for e in plain["entry"]] == ["match"]
    allowed = new_engine.settings.model_copy(update={"explain_searches": True})
    async with client_of(replace(new_engine, settings=allowed)) as developer:
        told = (await developer.get("Patient?family=adler", headers=explain)).json()
        (outcome,) = [e["resource"] for e in told["entry"] if e["search"]["mode"] == "outcome"]
        assert any("cost=" in issue["diagnostics"] for issue in outcome["issue"])
        silent = (await developer.get("Patient?family=adler")).json()
        assert [e["search"]["mode"] for e in silent["entry"]] == ["match"]
