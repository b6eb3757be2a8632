"""Bad input: always 4xx with an OperationOutcome, nothing stored, the service healthy afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from telerehab.engine import Engine
from tests.telerehab.server.conftest import RECORDS, client_of, engine_of

JSON = "application/fhir+json"
GOOD = b'{"resourceType":"Patient","active":true}'
DEEP = b'{"resourceType":"Patient","extension":' + b'[{"extension":' * 5000 + b"[]" + b"}]" * 5000 + b"}"
LIMIT = 100_000


@pytest.fixture(scope="module")
async def dsn(new_database: Any, migrated: str) -> str:
    result: str = await new_database(template=migrated)
    return result


@pytest.fixture(scope="module")
async def engine(dsn: str) -> AsyncIterator[Engine]:
    async with engine_of(RECORDS, dsn, body_limit=LIMIT) as engine:
        yield engine


@pytest.fixture(scope="module")
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(engine) as opened:
        yield opened


async def stored(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM records.resource_version"))
    finally:
        await connection.close()


def is_outcome(response: httpx.Response) -> bool:
    content = response.json()
    return content["resourceType"] == "OperationOutcome" and len(content["issue"]) > 0


BODIES = {
    "empty": (b"", 400),
    "no JSON": (b"hello", 400),
    "cut off": (GOOD[:-3], 400),
    "trailing data": (GOOD + b"{}", 400),
    "doubled key": (b'{"resourceType":"Patient","active":true,"active":false}', 400),
    "no object": (b"[1]", 400),
    "a string": (b'"Patient"', 400),
    "null": (b"null", 400),
    "NaN": (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', 400),
    "bad UTF-8": (b'{"resourceType":"Patient","id":"\xff"}', 400),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, 400),
    "NUL in a string": (b'{"resourceType":"Patient","name":[{"family":"a\\u0000"}]}', 400),
    "half a surrogate pair": (b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}', 400),
    "no resourceType": (b'{"active":true}', 400),
    "resourceType no string": (b'{"resourceType":["Patient"]}', 400),
    "other type": (b'{"resourceType":"Practitioner"}', 400),
    "unknown type": (b'{"resourceType":"Patiant"}', 400),
    "unknown element": (b'{"resourceType":"Patient","colour":"red"}', 400),
    "wrong type of element": (b'{"resourceType":"Patient","active":"yes"}', 400),
    "list where one belongs": (b'{"resourceType":"Patient","gender":["male"]}', 400),
    "one where a list belongs": (b'{"resourceType":"Patient","name":{"family":"x"}}', 400),
    "bad code": (b'{"resourceType":"Patient","gender":"m"}', 400),
    "no calendar date": (b'{"resourceType":"Patient","birthDate":"2023-02-30"}', 400),
    "empty element": (b'{"resourceType":"Patient","name":[]}', 400),
    "meta no object": (b'{"resourceType":"Patient","meta":"x"}', 400),
    "meta empty": (b'{"resourceType":"Patient","meta":{}}', 400),
    "too deep": (DEEP, 400),
    "too large": (b'{"resourceType":"Patient","name":[{"family":"' + b"x" * LIMIT + b'"}]}', 413),
    "exponent of a billion": (b'{"resourceType":"Patient","multipleBirthInteger":1e1000000000}', 400),
    "XML": (b"<Patient/>", 400),
}


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_bad_body_is_refused(
    client: httpx.AsyncClient, dsn: str, method: str, body: tuple[bytes, int]
) -> None:
    content, status = body
    url = "Patient" if method == "POST" else "Patient/x"
    response = await client.request(method, url, content=content, headers={"content-type": JSON})
    assert response.status_code == status, response.text
    assert is_outcome(response)
    assert await stored(dsn) == 0
    assert (await client.get("Patient/x")).status_code == 404


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/xml",
        "application/fhir+xml",
        "application/x-www-form-urlencoded",
        "application/fhir+json; charset=latin-1",
        "application/fhir+json; fhirVersion=3.0",
        "multipart/form-data",
    ],
)
async def test_other_content_is_415(client: httpx.AsyncClient, dsn: str, content_type: str) -> None:
    response = await client.post("Patient", content=GOOD, headers={"content-type": content_type})
    assert response.status_code == 415
    assert is_outcome(response)
    assert await stored(dsn) == 0


@pytest.mark.parametrize(
    "content_type",
    ["application/fhir+json", "application/json;charset=UTF-8", "application/fhir+json; fhirVersion=4.0"],
)
async def test_json_is_accepted_for_validation(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("Patient/$validate", content=GOOD, headers={"content-type": content_type})
    assert response.status_code == 200


async def test_compressed_body_is_415(client: httpx.AsyncClient) -> None:
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    response = await client.post("Patient", content=GOOD, headers=headers)
    assert response.status_code == 415
    assert is_outcome(response)


async def test_body_that_never_says_its_length_is_bounded(client: httpx.AsyncClient, dsn: str) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b" " * 10_000

    response = await client.post("Patient", content=endless(), headers={"content-type": JSON})
    assert response.status_code == 413
    assert is_outcome(response)
    assert sent < 3 * LIMIT
    assert await stored(dsn) == 0


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        ("application/fhir+json", "", 404),
        ("application/json", "", 404),
        ("text/html, application/xhtml+xml, */*;q=0.8", "", 404),
        ("", "", 404),
        ("application/fhir+xml", "", 406),
        ("text/html", "", 406),
        ("*/*;q=0", "", 406),
        ("application/fhir+json; fhirVersion=3.0", "", 406),
        ("application/fhir+xml", "_format=json", 404),
        ("application/fhir+json", "_format=xml", 406),
        ("", "_format=application/fhir%2Bjson", 404),
        ("", "_format=application/fhir+json", 404),
        ("", "_format=json&_format=json", 400),
        ("", "_pretty=maybe", 400),
    ],
)
async def test_format_is_negotiated(client: httpx.AsyncClient, accept: str, query: str, status: int) -> None:
    response = await client.get(f"Patient/unknown?{query}", headers={"accept": accept})
    assert response.status_code == status
    assert is_outcome(response)


PLACES = [
    ("GET", "Patiant/1", 404),
    ("GET", "patient/1", 404),
    ("GET", "Resource/1", 404),
    ("GET", "DomainResource", 404),
    ("GET", "Observation/1", 404),  # another service's
    ("POST", "Observation", 404),
    ("GET", "Patient/%2e%2e", 400),
    ("GET", "Patient/%2E", 400),
    ("GET", "Patient/%2e%2e%2f%2e%2e", 400),
    ("GET", "Patient/a%2fb", 400),
    ("GET", "Patient/a%252fb", 400),
    ("GET", "Patient/a%00", 400),
    ("GET", "Patient/a%5cb", 400),
    ("GET", "Patient/%ff", 400),
    ("GET", "Patient/" + "a" * 65, 400),
    ("GET", "Patient/ä", 400),
    ("GET", "Patient/a%20b", 400),
    ("GET", "Patient/1;drop", 400),
    ("GET", "Patient//1", 400),
    ("GET", "%50atient/unknown", 404),
    ("GET", "Patient/1/2", 404),
    ("GET", "Patient/1/_history/1/2", 404),
    ("GET", "Patient/1/_search", 404),
    ("GET", "_unknown", 404),
    ("GET", "Patient/$unknown", 404),
    ("POST", "$unknown", 404),
    ("GET", "Patient/1/$everything", 404),
    ("PATCH", "Patient/1", 400),
    ("POST", "Patient/1", 405),
    ("PUT", "Patient", 400),
    ("DELETE", "Patient/1/_history", 405),
    ("PUT", "metadata", 405),
    ("OPTIONS", "Patient", 405),
    ("TRACE", "Patient/1", 405),
    ("GET", "Patient/_search", 405),
    ("GET", "Patient?birthdate=%ff", 400),
    ("GET", "Patient?" + "&".join(["name=a"] * 1001), 400),
]


@pytest.mark.parametrize(("method", "url", "status"), PLACES)
async def test_impossible_request_is_refused(
    client: httpx.AsyncClient, dsn: str, method: str, url: str, status: int
) -> None:
    response = await client.request(method, url, content=GOOD, headers={"content-type": JSON})
    assert response.status_code == status, response.text
    assert is_outcome(response)
    assert ("allow" in response.headers) == (status == 405)
    assert await stored(dsn) == 0


async def test_dots_in_a_raw_path_are_no_way_up(engine: Engine) -> None:
    """Clients fold `..` away; whoever sends it all the same gets nothing by it."""
    from telerehab.access import Caller
    from telerehab.server import FhirRequest, handle

    for id_ in (".", ".."):
        response = await handle(engine, FhirRequest("GET", ("Patient", id_), Caller("test"), "http://x"))
        assert response.status == 400


@pytest.mark.parametrize("header", ["if-match", "content-type", "if-none-exist"])
async def test_doubled_header_is_refused(client: httpx.AsyncClient, dsn: str, header: str) -> None:
    headers = [("content-type", JSON), (header, "a"), (header, "b")]
    response = await client.put("Patient/x", content=GOOD, headers=headers)
    assert response.status_code == 400
    assert await stored(dsn) == 0


@pytest.mark.parametrize(
    "criteria", ["", "colour=red", "identifier:x=1", "birthdate=gt", "_count=1", "_sort=name"]
)
async def test_bad_criteria_create_nothing(client: httpx.AsyncClient, dsn: str, criteria: str) -> None:
    headers = {"content-type": JSON, "if-none-exist": criteria, "prefer": "handling=lenient"}
    response = await client.post("Patient", content=GOOD, headers=headers)
    assert response.status_code == 400, response.text
    assert is_outcome(response)
    assert await stored(dsn) == 0


@pytest.mark.parametrize(
    "bundle",
    [
        {"type": "collection"},
        {"type": "history"},
        {},
        {"type": "transaction", "entry": {}},
        {"type": "transaction", "entry": ["x"]},
        {"type": "transaction", "entry": [{}]},
        {"type": "transaction", "entry": [{"request": {"method": "GO", "url": "Patient"}}]},
        {"type": "transaction", "entry": [{"request": {"method": "POST", "url": "Patient"}}]},
        {"type": "transaction", "entry": [{"request": {"method": "GET", "url": 1}}]},
        {"type": "transaction", "entry": [{"request": {"method": "GET", "url": ""}}]},
        {"type": "transaction", "entry": [{"resource": [], "request": {"method": "POST", "url": "Patient"}}]},
        {"type": "transaction", "entry": [{"request": {"method": "GET", "url": "Patient/1", "ifMatch": 1}}]},
    ],
)
async def test_malformed_bundle_is_refused(
    client: httpx.AsyncClient, dsn: str, bundle: dict[str, Any]
) -> None:
    response = await client.post("", json={"resourceType": "Bundle", **bundle})
    assert response.status_code == 400, response.text
    assert response.json()["issue"][0]["expression"][0].startswith("Bundle.")
    assert await stored(dsn) == 0


async def test_bundle_of_too_many_entries_is_413(client: httpx.AsyncClient) -> None:
    entry = {"request": {"method": "GET", "url": "Patient/1"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry] * 1001}
    response = await client.post("", json=bundle)
    assert response.status_code == 413
    assert is_outcome(response)


async def test_error_text_repeats_no_value(client: httpx.AsyncClient) -> None:
    secret = "Canary-4711"
    body = {"resourceType": "Patient", "gender": secret, "birthDate": secret, "name": [{"family": [secret]}]}
    for response in [
        await client.post("Patient", json=body, headers={"content-type": JSON}),
        await client.get("Patient", params={"birthdate": secret}),
        await client.post("Patient", content=f'{{"{secret}', headers={"content-type": JSON}),
    ]:
        assert response.status_code == 400
        assert secret not in response.text
