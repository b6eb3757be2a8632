"""One base URL: requests reach their owner unchanged, and what spans owners is put together."""

from __future__ import annotations

from uuid import uuid4

import pytest

from telerehab.events.position import HEADER, events_of
from telerehab.fhir import json
from tests.services.deployment import BASE, PUBLIC, Deployment
from tests.services.gateway.bundles import (
    FHIR,
    batch,
    entry,
    goal,
    ids,
    observation,
    patient,
    post,
    transaction,
)


async def test_a_resource_is_made_and_read_at_its_owner(deployment: Deployment) -> None:
    made = await deployment.client.post(
        "Observation", content=json.dump(observation("Patient/1")), headers=FHIR
    )
    assert made.status_code == 201
    location = made.headers["location"]
    assert location.startswith(f"{BASE}/Observation/")
    read = await deployment.client.get(location)
    assert (read.status_code, read.headers["etag"]) == (200, 'W/"1"')
    assert read.json() == made.json()
    unchanged = await deployment.client.get(
        location.partition("/_history")[0], headers={"if-none-match": 'W/"1"'}
    )
    assert unchanged.status_code == 304
    assert (await deployment.client.head(location)).content == b""
    assert len(read.headers.get_list("x-request-id")) == 1


async def test_search_links_show_the_public_base(deployment: Deployment) -> None:
    subject = f"Patient/{uuid4()}"
    for _ in range(3):
        await deployment.client.post("Goal", content=json.dump(goal(subject)), headers=FHIR)
    page = (await deployment.client.get("Goal", params={"patient": subject, "_count": "2"})).json()
    links = {link["relation"]: link["url"] for link in page["link"]}
    assert all(url.startswith(f"{BASE}/Goal?") for url in links.values())
    rest = (await deployment.client.get(links["next"])).json()
    assert len(page["entry"]) + len(rest["entry"]) == 3
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = await deployment.client.post("Goal/_search", content=f"patient={subject}", headers=form)
    assert len(posted.json()["entry"]) == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Nothing", 404),
        ("GET", "Patient/../x", 404),
        ("GET", "$do", 404),
        ("GET", "Patient/a%2Fb", 400),
        ("PUT", "", 405),
        ("DELETE", "metadata", 405),
        ("GET", "_history?_count=0", 400),
        ("GET", "_history?_sort=name", 400),
        ("GET", "_history?_cursor=x", 400),
        ("GET", "_history?_cursor=WzEsMiwzLDRd", 400),
        ("GET", "?name=x", 400),
        ("POST", "", 415),
    ],
)
async def test_what_cannot_be_is_an_outcome(
    deployment: Deployment, method: str, path: str, status: int
) -> None:
    answer = await deployment.client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "bundle", [{"type": "message"}, {"type": "batch", "entry": {}}, {"type": "batch", "x": 1}, {}]
)
async def test_a_malformed_bundle_is_refused(deployment: Deployment, bundle: dict[str, object]) -> None:
    answer = await post(deployment, {"resourceType": "Bundle", **bundle})
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_a_batch_answers_the_position_of_all_its_writes(deployment: Deployment) -> None:
    patients = [entry("POST", "Patient", patient()) for _ in range(2)]
    observed = entry("POST", "Observation", observation("Patient/x"))
    refused = entry("POST", "Patient", {"resourceType": "Patient", "gender": "x"})
    answer = await post(deployment, batch(*patients, refused, observed, entry("GET", "Patient?_count=1")))
    assert answer.status_code == 200
    said = events_of(answer.headers[HEADER])
    assert [type_.rpartition(".")[2] for type_, _ in said].count("ResourceChanged") == 3
    read = await post(deployment, batch(entry("GET", "Patient?_count=1")))
    assert HEADER not in read.headers


async def test_each_entry_of_a_batch_stands_alone(deployment: Deployment) -> None:
    id_ = uuid4().hex
    answer = await post(
        deployment,
        batch(
            entry("GET", f"Patient/{id_}"),
            entry("POST", "Goal", {"resourceType": "Goal"}),
            entry("PUT", f"Patient/{id_}", patient(id=id_)),
            entry("GET", "Patient/nobody"),
            entry("GET", f"Patient/{id_}/$everything"),
            entry("GET", "metadata"),
            entry("GET", "Nothing/1"),
            entry("POST", "/", transaction()),
            entry("GET", f"?_type=Patient&_id={id_}"),
        ),
    )
    assert answer.status_code == 200
    entries = answer.json()["entry"]
    statuses = [one["response"]["status"].split()[0] for one in entries]
    assert statuses == ["200", "400", "201", "404", "200", "200", "404", "405", "200"]
    assert entries[0]["resource"]["id"] == id_
    assert entries[1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert len(entries[4]["resource"]["entry"]) == len(entries[8]["resource"]["entry"]) == 1


async def test_metadata_is_that_of_all_owners(deployment: Deployment) -> None:
    statement = (await deployment.client.get("metadata")).json()
    assert statement["resourceType"] == "CapabilityStatement"
    assert statement["implementation"]["url"] == BASE
    assert "platform" in statement["implementation"]["description"]
    assert "service '" not in statement["implementation"]["description"]
    (rest,) = statement["rest"]
    types = [resource["type"] for resource in rest["resource"]]
    assert types == sorted(types)
    assert {"Patient", "Appointment", "Encounter", "Goal", "Observation"} <= set(types)
    assert len(types) == len(set(types)) == 146
    (of_patient,) = [resource for resource in rest["resource"] if resource["type"] == "Patient"]
    assert "everything" in [operation["name"] for operation in of_patient["operation"]]


async def test_documentation_is_that_of_all_owners(deployment: Deployment) -> None:
    page = await deployment.client.get(f"{PUBLIC}/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for shown in ("Patient/$everything", "Appointment/$find", '<details id="Observation">', "transaction"):
        assert shown in page.text
    assert "<script" not in page.text
    assert "style-src 'sha256-" in page.headers["content-security-policy"]


@pytest.mark.parametrize("type_", ["batch", "transaction"])
async def test_an_entry_tells_the_very_time_of_its_resource(deployment: Deployment, type_: str) -> None:
    id_ = uuid4().hex
    await deployment.client.put(f"Patient/{id_}", content=json.dump(patient(id=id_)), headers=FHIR)
    url = f"Patient/{id_}"
    gone = entry("PUT", f"Goal/{id_}", goal(url, id=id_))
    answer = await post(deployment, {**batch(entry("GET", url), gone), "type": type_})
    read, written = answer.json()["entry"]
    assert read["response"]["lastModified"] == read["resource"]["meta"]["lastUpdated"]
    stored = (await deployment.client.get(f"Goal/{id_}")).json()
    assert written["response"]["lastModified"] == stored["meta"]["lastUpdated"]


async def test_owners_put_the_client_on_record_not_the_gateway(deployment: Deployment) -> None:
    id_ = uuid4().hex
    written = {**FHIR, "x-forwarded-for": "198.51.100.1, 203.0.113.9"}
    body = json.dump(patient(id=id_))
    assert (await deployment.client.put(f"Patient/{id_}", content=body, headers=written)).status_code == 201
    read = batch(entry("GET", f"Patient/{id_}"))
    await deployment.client.post("", content=json.dump(read), headers=written)
    rows = await deployment.engines["records"].store.pool.fetch(
        "SELECT action, address FROM audit WHERE resource_id = $1 ORDER BY action", id_
    )
    assert [(row["action"], str(row["address"])) for row in rows] == [
        ("C", "203.0.113.9"),
        ("R", "203.0.113.9"),
    ]


async def test_several_types_are_searched_page_by_page(deployment: Deployment) -> None:
    subject = f"Patient/{uuid4()}"
    made = ids(
        await post(
            deployment,
            transaction(
                *(entry("POST", "Goal", goal(subject)) for _ in range(3)),
                *(entry("POST", "Observation", observation(subject)) for _ in range(3)),
            ),
        )
    )
    found: list[str] = []
    url = f"?_type=Goal,Observation&patient={subject}&_count=2"
    while url:
        page = (await deployment.client.get(url)).json()
        assert len(page["entry"]) == 2
        found += [one["fullUrl"].removeprefix(f"{BASE}/") for one in page["entry"]]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    assert sorted(found) == sorted(made)


async def test_owners_that_are_down(fragile: Deployment) -> None:
    await fragile.stop("outcomes")
    down = await fragile.client.get("Observation/1")
    assert (down.status_code, down.json()["issue"][0]["code"]) == (503, "transient")
    assert "retry-after" in down.headers
    assert (await fragile.client.get("Patient/1")).status_code == 404
    statement = (await fragile.client.get("metadata")).json()
    assert "outcomes" in statement["rest"][0]["documentation"]
    assert "Observation" not in [resource["type"] for resource in statement["rest"][0]["resource"]]
    answer = await post(fragile, batch(entry("GET", "Observation/1"), entry("GET", "Patient/1")))
    assert [one["response"]["status"].split()[0] for one in answer.json()["entry"]] == ["503", "404"]
