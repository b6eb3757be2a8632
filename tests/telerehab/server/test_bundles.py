"""Batches and transactions of one owner."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

Json = dict[str, Any]


def entry(
    method: str, url: str, resource: Json | None = None, full_url: str | None = None, **more: str
) -> Json:
    made: Json = {"request": {"method": method, "url": url, **more}}
    if full_url:
        made["fullUrl"] = full_url
    if resource:
        made["resource"] = resource
    return made


def patient(**more: Any) -> Json:
    return {"resourceType": "Patient", "active": True, **more}


def link_to(reference: str) -> Json:
    return {"link": [{"other": {"reference": reference}, "type": "seealso"}]}


async def post(client: httpx.AsyncClient, type_: str, *entries: Json, **headers: str) -> httpx.Response:
    bundle = {"resourceType": "Bundle", "type": type_, "entry": list(entries)}
    return await client.post("", json=bundle, headers={k.replace("_", "-"): v for k, v in headers.items()})


def statuses(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [entry["response"]["status"][:3] for entry in response.json()["entry"]]


async def test_batch_does_each_entry_alone(client: httpx.AsyncClient) -> None:
    id_ = str(uuid4())
    response = await post(
        client,
        "batch",
        entry("POST", "Patient", patient()),
        entry("POST", "Patient", patient(gender="x")),
        entry("PUT", f"Patient/{id_}", patient(id=id_)),
        entry("GET", f"Patient/{id_}"),
        entry("GET", "Patient?_id=" + id_),
        entry("DELETE", f"Patient/{id_}"),
        entry("GET", f"Patient/{id_}"),
        entry("GET", "Observation/1"),
        entry("GET", "Patient/%2e%2e"),
        entry("PATCH", f"Patient/{id_}", patient()),
    )
    answer = response.json()
    assert answer["type"] == "batch-response"
    told = ["201", "400", "201", "200", "200", "204", "410", "404", "400", "400"]
    assert statuses(response) == told
    assert answer["entry"][1]["response"]["outcome"]["issue"][0]["expression"] == ["Patient.gender"]
    assert answer["entry"][3]["resource"]["id"] == id_
    assert answer["entry"][4]["resource"]["entry"][0]["resource"]["id"] == id_
    assert "resource" not in answer["entry"][0]
    location = answer["entry"][0]["response"]["location"]
    assert (await client.get(location)).status_code == 200


async def test_entries_of_a_batch_that_cannot_be_read_fail_alone(client: httpx.AsyncClient) -> None:
    value = str(uuid4())
    made = (await client.post("Patient", json=patient(identifier=[{"value": value}]))).json()["id"]
    response = await post(
        client,
        "batch",
        {"resource": patient()},
        entry("FETCH", "Patient/1"),
        entry("POST", "Patient"),
        "Patient/1",  # type: ignore[arg-type]
        entry("POST", "Patient", patient(**link_to("Patient?identifier=nobody"))),
        entry("POST", "Patient", patient(**link_to(f"Patient?identifier={value}"))),
        entry("POST", "Patient", patient()),
        prefer="return=representation",
    )
    assert statuses(response) == ["400", "400", "400", "400", "412", "201", "201"]
    answers = response.json()["entry"]
    for index in range(4):
        where = answers[index]["response"]["outcome"]["issue"][0]["expression"][0]
        assert where.startswith(f"Bundle.entry[{index}]")
    assert answers[5]["resource"]["link"][0]["other"]["reference"] == f"Patient/{made}"


@pytest.mark.parametrize("type_", ["batch", "transaction"])
async def test_the_url_of_an_entry_may_be_absolute(client: httpx.AsyncClient, type_: str) -> None:
    id_ = str(uuid4())
    bases = ["http://127.0.0.1:8080/fhir/R4/", "http://LOCALHOST:8080/fhir/R4/", "/"]
    written = [
        entry("PUT", f"{base}Patient/{id_}{n}", patient(id=f"{id_}{n}")) for n, base in enumerate(bases)
    ]
    assert statuses(await post(client, type_, *written)) == ["201"] * 3
    elsewhere = await post(client, "batch", entry("GET", f"http://elsewhere.example/fhir/R4/Patient/{id_}0"))
    assert statuses(elsewhere)[0].startswith("4")


async def test_transaction_rewrites_references_and_answers_in_order(client: httpx.AsyncClient) -> None:
    first, second = f"urn:uuid:{uuid4()}", f"urn:uuid:{uuid4()}"
    old = (await client.post("Patient", json=patient())).json()["id"]
    text = {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{first} <a href="{first}">x</a></div>',
    }
    response = await post(
        client,
        "transaction",
        entry("GET", f"Patient/{old}/_history/1"),
        entry("POST", "Patient", patient(**link_to(second), text=text), first),
        entry("PUT", "Patient/circle", patient(id="circle", **link_to(first)), second),
        entry("DELETE", f"Patient/{old}"),
        prefer="return=representation",
    )
    assert statuses(response) == ["200", "201", "201", "204"]
    answer = response.json()
    one, two = answer["entry"][1]["resource"], answer["entry"][2]["resource"]
    assert one["link"][0]["other"]["reference"] == "Patient/circle"
    assert two["link"][0]["other"]["reference"] == f"Patient/{one['id']}"
    assert f'>{first} <a href="Patient/{one["id"]}">' in one["text"]["div"]
    assert answer["entry"][1]["response"]["etag"] == 'W/"1"'
    assert answer["entry"][1]["response"]["lastModified"] == one["meta"]["lastUpdated"]
    assert response.headers["x-telerehab-position"]
    assert (await client.get(f"Patient/{one['id']}")).json() == one
    assert (await client.get(f"Patient/{old}")).status_code == 410


@pytest.mark.parametrize(
    ("bad", "status", "index"),
    [
        (entry("POST", "Patient", patient(gender="x")), 400, 1),
        (entry("POST", "Observation", {"resourceType": "Observation"}), 404, 1),
        (entry("POST", "Patiant", {"resourceType": "Patiant"}), 404, 1),
        (entry("PUT", "Patient/a", patient(id="b")), 400, 1),
        (entry("PUT", "Patient/a", patient(id="a"), ifMatch='W/"9"'), 412, 1),
        (entry("PUT", "Patient/a", patient(id="a"), ifMatch="9"), 400, 1),
        (entry("GET", "Patient/never"), 404, 1),
        (entry("PATCH", "Patient/a", patient()), 400, 1),
        (entry("PATCH", "Patient/a", {"resourceType": "Parameters"}), 404, 1),
        (entry("PATCH", "Patient?identifier=nobody", {"resourceType": "Parameters"}), 404, 1),
        (entry("PATCH", "Patient/a"), 400, 1),
        (entry("DELETE", "Patient?_tag=of-two"), 412, 1),
        (entry("GET", "Patient?colour=red"), 400, 1),
        (entry("PUT", "Patient?identifier=nobody", patient(id="of-two")), 409, 1),
        (entry("PUT", "Patient?_id=of-two", patient(id="other")), 400, 1),
        (entry("PUT", "Patient?identifier=nobody", patient(id=7)), 400, 1),
        (entry("POST", "Patient/$validate", patient()), 422, 1),
        (entry("POST", "Patient", patient(**link_to(f"urn:uuid:{uuid4()}"))), 400, 1),
        (entry("POST", "Patient", patient(**link_to("Patient?identifier=nobody"))), 412, 1),
        (entry("POST", "Patient", patient(), ifNoneExist="colour=red"), 400, 1),
        (entry("PUT", "Patient/never-made", patient(id="never-made")), 422, 1),
    ],
)
async def test_failing_entry_fails_all_and_is_named(
    client: httpx.AsyncClient, bad: Json, status: int, index: int
) -> None:
    for id_ in ("of-two", "the-other"):
        tagged = patient(id=id_, meta={"tag": [{"code": "of-two"}]})
        assert (await client.put(f"Patient/{id_}", json=tagged)).status_code in (200, 201)
    response = await post(
        client, "transaction", entry("PUT", "Patient/never-made", patient(id="never-made")), bad
    )
    assert response.status_code == status, response.text
    assert response.json()["issue"][0]["expression"][0].startswith(f"Bundle.entry[{index}]")
    assert (await client.get("Patient/never-made")).status_code == 404


async def test_conditional_create_in_a_transaction(client: httpx.AsyncClient) -> None:
    value, full_url = str(uuid4()), f"urn:uuid:{uuid4()}"
    known = patient(identifier=[{"value": value}])
    make = entry("POST", "Patient", known, full_url, ifNoneExist=f"identifier={value}")
    refer = entry("POST", "Patient", patient(**link_to(full_url)))
    first = await post(client, "transaction", make, refer)
    second = await post(client, "transaction", make, refer)
    assert (statuses(first), statuses(second)) == (["201", "201"], ["200", "201"])
    locations = [answer.json()["entry"][0]["response"]["location"] for answer in (first, second)]
    assert locations[0] == locations[1]
    twice = await post(
        client, "transaction", make | {"fullUrl": "urn:uuid:a"}, make | {"fullUrl": "urn:uuid:b"}
    )
    assert twice.status_code == 422  # both are the same Patient
    value = str(uuid4())
    fresh = entry("POST", "Patient", known, ifNoneExist=f"identifier={value}")
    assert (await post(client, "transaction", fresh, fresh)).status_code == 422


async def test_reference_by_criteria_becomes_the_one_match(client: httpx.AsyncClient) -> None:
    value = str(uuid4())
    made = (await client.post("Patient", json=patient(identifier=[{"value": value}]))).json()["id"]
    refer = entry("POST", "Patient", patient(**link_to(f"Patient?identifier={value}")))
    response = await post(client, "transaction", refer, prefer="return=representation")
    reference = response.json()["entry"][0]["resource"]["link"][0]["other"]["reference"]
    assert reference == f"Patient/{made}"


async def test_a_reference_by_the_criteria_of_an_entry_is_to_what_it_writes(
    client: httpx.AsyncClient,
) -> None:
    criteria = f"identifier={uuid4()}"
    known = patient(identifier=[{"value": criteria.partition("=")[2]}])
    refer = entry("POST", "Patient", patient(**link_to(f"Patient?{criteria}")))
    for write in (
        entry("POST", "Patient", known, ifNoneExist=criteria),
        entry("PUT", f"Patient?{criteria}", known),
    ):
        response = await post(client, "transaction", refer, write, prefer="return=representation")
        referring, referred = (each["resource"] for each in response.json()["entry"])
        assert referring["link"][0]["other"]["reference"] == f"Patient/{referred['id']}"


async def test_repeated_transaction_has_one_effect(client: httpx.AsyncClient) -> None:
    entries = [entry("POST", "Patient", patient()), entry("DELETE", "Patient/never-there")]
    key = str(uuid4())
    answers = [await post(client, "transaction", *entries, idempotency_key=key) for _ in range(3)]
    assert statuses(answers[0]) == ["201", "204"]
    assert len({answer.text for answer in answers}) == 1
    identifier = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"}
    bundle = {"resourceType": "Bundle", "type": "transaction", "identifier": identifier, "entry": entries}
    texts = {(await client.post("", json=bundle)).text for _ in range(2)}
    assert len(texts) == 1


async def test_empty_bundles(client: httpx.AsyncClient) -> None:
    for type_ in ("batch", "transaction"):
        answer = (await post(client, type_)).json()
        assert answer == {"resourceType": "Bundle", "type": f"{type_}-response"}
