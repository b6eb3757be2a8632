"""create, read, vread, update, delete, history over HTTP, as the specification has them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

JSON = {"content-type": "application/fhir+json"}
PATIENT: dict[str, Any] = {"resourceType": "Patient", "name": [{"family": "Meyer"}], "active": True}


async def created(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    response = await client.post("Patient", json={**PATIENT, **more}, headers=JSON)
    assert response.status_code == 201, response.text
    result: dict[str, Any] = response.json()
    return result


def issues(response: httpx.Response) -> list[dict[str, Any]]:
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome", response.text
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
    result: list[dict[str, Any]] = outcome["issue"]
    return result


async def test_create_gives_id_version_and_location(client: httpx.AsyncClient) -> None:
    response = await client.post("Patient", json={**PATIENT, "id": "mine"}, headers=JSON)
    patient = response.json()
    assert response.status_code == 201
    assert patient["id"] != "mine"
    assert patient["meta"]["versionId"] == "1"
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["location"].endswith(f"/fhir/R4/Patient/{patient['id']}/_history/1")
    assert "x-request-id" in response.headers
    assert "last-modified" in response.headers


async def test_read_answers_what_was_created(client: httpx.AsyncClient) -> None:
    patient = await created(client)
    response = await client.get(f"Patient/{patient['id']}")
    assert response.status_code == 200
    assert response.json() == patient
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["cache-control"] == "no-store"


async def test_head_is_get_without_body(client: httpx.AsyncClient) -> None:
    patient = await created(client)
    got = await client.get(f"Patient/{patient['id']}")
    head = await client.head(f"Patient/{patient['id']}")
    assert head.content == b""
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(got.content)))


async def test_read_is_304_while_the_copy_is_current(client: httpx.AsyncClient) -> None:
    url = f"Patient/{(await created(client))['id']}"
    first = await client.get(url)
    for name, value, status in [
        ("if-none-match", 'W/"1"', 304),
        ("if-none-match", '"7", W/"1"', 304),
        ("if-none-match", "*", 304),
        ("if-none-match", 'W/"2"', 200),
        ("if-none-match", "nonsense", 200),
        ("if-modified-since", first.headers["last-modified"], 304),
        ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("if-modified-since", "nonsense", 200),
    ]:
        for read in (url, f"{url}/_history/1"):
            response = await client.get(read, headers={name: value})
            assert response.status_code == status, (name, value)
            assert bool(response.content) == (status == 200)


async def test_update_makes_versions_and_vread_keeps_them(client: httpx.AsyncClient) -> None:
    patient = await created(client)
    url = f"Patient/{patient['id']}"
    second = await client.put(url, json={**patient, "active": False}, headers=JSON)
    assert second.status_code == 200
    assert second.json()["meta"]["versionId"] == "2"
    assert (await client.get(f"{url}/_history/1")).json() == patient
    assert (await client.get(f"{url}/_history/2")).json() == second.json()
    for version in ("3", "0", "x", "99999999999"):
        assert (await client.get(f"{url}/_history/{version}")).status_code == 404


async def test_update_creates_under_the_clients_id(client: httpx.AsyncClient) -> None:
    response = await client.put("Patient/chosen-by.me", json={**PATIENT, "id": "chosen-by.me"}, headers=JSON)
    assert response.status_code == 201
    assert response.headers["location"].endswith("/Patient/chosen-by.me/_history/1")


async def test_unchanged_update_makes_no_version(client: httpx.AsyncClient) -> None:
    patient = await created(client)
    response = await client.put(f"Patient/{patient['id']}", json=patient, headers=JSON)
    assert response.status_code == 200
    assert response.json() == patient
    assert "x-telerehab-position" not in response.headers


@pytest.mark.parametrize("id_", [None, "other", 7])
async def test_update_needs_the_id_of_the_url(client: httpx.AsyncClient, id_: Any) -> None:
    body = PATIENT if id_ is None else {**PATIENT, "id": id_}
    response = await client.put("Patient/one", json=body, headers=JSON)
    assert response.status_code == 400
    assert issues(response)[0]["expression"] == ["Patient.id"]


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('W/"1"', 200),
        ('"1"', 200),
        ('W/"2"', 412),
        ('W/"0"', 412),
        ('W/"abc"', 412),
        ("1", 400),
        ("*", 400),
        ('W/"1", W/"2"', 400),
        ("", 400),
    ],
)
async def test_if_match(client: httpx.AsyncClient, condition: str, status: int) -> None:
    patient = await created(client)
    changed = {**patient, "active": False}
    headers = {**JSON, "if-match": condition}
    response = await client.put(f"Patient/{patient['id']}", json=changed, headers=headers)
    assert response.status_code == status
    now = (await client.get(f"Patient/{patient['id']}")).json()
    assert now["active"] is (status != 200)
    if status != 200:
        assert issues(response)[0]["expression"] == ["http.If-Match"]


async def test_if_none_match_star_updates_nothing_that_is_there(client: httpx.AsyncClient) -> None:
    patient = await created(client)
    headers = {**JSON, "if-none-match": "*"}
    taken = await client.put(f"Patient/{patient['id']}", json={**patient, "active": False}, headers=headers)
    free = await client.put("Patient/free", json={**PATIENT, "id": "free"}, headers=headers)
    assert (taken.status_code, free.status_code) == (412, 201)


async def test_delete_is_idempotent_and_keeps_history(client: httpx.AsyncClient) -> None:
    url = f"Patient/{(await created(client))['id']}"
    assert (await client.delete(url, headers={"if-match": 'W/"2"'})).status_code == 412
    gone = await client.delete(url)
    assert (gone.status_code, gone.headers["etag"], gone.content) == (204, 'W/"2"', b"")
    assert (await client.delete(url)).status_code == 204
    assert (await client.get(url)).status_code == 410
    assert (await client.get(f"{url}/_history/2")).status_code == 410
    assert (await client.get(f"{url}/_history/1")).status_code == 200
    back = await client.put(url, json={**PATIENT, "id": url.partition("/")[2]}, headers=JSON)
    assert (back.status_code, back.json()["meta"]["versionId"]) == (201, "3")
    assert (await client.delete("Patient/never-there")).status_code == 204
    said = await client.delete(url, headers={"prefer": "return=OperationOutcome"})
    assert said.status_code == 200
    assert issues(said)[0]["severity"] == "information"


async def test_history_tells_every_version_newest_first(client: httpx.AsyncClient) -> None:
    patient = await created(client)
    url = f"Patient/{patient['id']}"
    await client.put(url, json={**patient, "active": False}, headers=JSON)
    await client.delete(url)
    history = (await client.get(f"{url}/_history")).json()
    told = [(entry["request"]["method"], entry["response"]["status"][:3]) for entry in history["entry"]]
    assert history["type"] == "history"
    assert told == [("DELETE", "204"), ("PUT", "200"), ("POST", "201")]
    assert "resource" not in history["entry"][0]
    assert history["entry"][2]["resource"] == patient
    page = (await client.get(f"{url}/_history", params={"_count": 2})).json()
    (next_,) = [link["url"] for link in page["link"] if link["relation"] == "next"]
    rest = (await client.get(next_)).json()
    assert [*page["entry"], *rest["entry"]] == history["entry"]
    oldest = (await client.get(f"{url}/_history", params={"_count": 2, "_sort": "_lastUpdated"})).json()
    (next_,) = [link["url"] for link in oldest["link"] if link["relation"] == "next"]
    rest = (await client.get(next_)).json()
    assert [*oldest["entry"], *rest["entry"]] == list(reversed(history["entry"]))
    since = history["entry"][1]["response"]["lastModified"]
    some = (await client.get(f"{url}/_history", params={"_since": since})).json()
    assert len(some["entry"]) == 2
    assert (await client.get("Patient/never-there/_history")).status_code == 404
    assert (await client.get("Patient/_history", params={"_count": 1})).json()["entry"]
    assert (await client.get("_history", params={"_count": 1})).json()["entry"]


@pytest.mark.parametrize(
    "query", ["_count=0", "_count=x", "_since=2020", "_at=gt2020", "_at=x", "code=1", "_sort=name"]
)
async def test_history_refuses_what_it_does_not_have(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"Patient/_history?{query}")
    assert response.status_code == 400
    assert issues(response)[0]["expression"] == [query.partition("=")[0]]


@pytest.mark.parametrize(
    ("prefer", "type_"),
    [
        ("return=minimal", None),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("respond-async, return=minimal", None),
        ("return=nonsense", "Patient"),
    ],
)
async def test_prefer_says_what_a_write_answers(
    client: httpx.AsyncClient, prefer: str, type_: str | None
) -> None:
    response = await client.post("Patient", json=PATIENT, headers={**JSON, "prefer": prefer})
    assert response.status_code == 201
    assert response.headers["location"]
    assert (response.json()["resourceType"] if response.content else None) == type_


async def test_pretty_and_partial_reads(client: httpx.AsyncClient) -> None:
    patient = await created(client)
    url = f"Patient/{patient['id']}"
    assert (await client.get(url, params={"_pretty": "true"})).text.startswith('{\n  "resourceType"')
    some = (await client.get(url, params={"_elements": "active"})).json()
    assert some.keys() == {"resourceType", "id", "meta", "active"}
    assert some["meta"]["versionId"] == "1"
    assert some["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "name" in (await client.get(url, params={"_summary": "true"})).json()
    assert (await client.get(url, params={"_summary": "count"})).status_code == 400
