"""A caller who may see one patient cannot tell what is hidden from what is not there: compared on two databases."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from telerehab.access import Access, Caller
from telerehab.engine import Engine
from telerehab.fhir import json
from telerehab.server import FhirRequest, FhirResponse, handle
from telerehab.server.request import decoded_pairs, segments
from tests.telerehab.server.conftest import BASE, RECORDS, engine_of

MINE = Caller("patient-app", access=Access(frozenset({"A"}), frozenset({"Practitioner"})))
ALL = Caller("hospital")
PATIENCE = 60.0

Json = dict[str, Any]


def condition(id_: str, patient: str, code: str = "common") -> Json:
    return {
        "resourceType": "Condition",
        "id": id_,
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": "http://example.org", "code": code}]},
    }


def without_id(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name != "id"}


def patient(id_: str) -> Json:
    mrn = {"system": "http://example.org/mrn", "value": f"mrn-{id_}"}
    return {"resourceType": "Patient", "id": id_, "active": True, "identifier": [mrn]}


def basic(id_: str, patient: str, about: str) -> Json:
    return {
        "resourceType": "Basic",
        "id": id_,
        "subject": {"reference": about},
        "code": {"text": "x"},
        "author": {"reference": f"Patient/{patient}"},
    }


VISIBLE = [
    patient("A"),
    condition("cA", "A"),
    {"resourceType": "Practitioner", "id": "p1"},
    basic("bA", "A", "Condition/cB"),
]
HIDDEN = [patient("B"), condition("cB", "B", "rare"), condition("cDel", "B"), condition("cIn", "B")]
CHANGED = [condition("cB", "B", "rarer")]


async def send(
    engine: Engine, caller: Caller, method: str, url: str, body: Json | None = None, **headers: str
) -> FhirResponse:
    path, _, query = url.partition("?")
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        given["content-type"] = "application/fhir+json"
    content = b"" if body is None else json.dump(body)
    request = FhirRequest(method, segments(path), caller, BASE, decoded_pairs(query), given, content)
    return await handle(engine, request)


async def fill(engine: Engine, resources: list[Json]) -> None:
    for resource in resources:
        url = f"{resource['resourceType']}/{resource['id']}"
        response = await send(engine, ALL, "PUT", url, resource)
        assert response.status in (200, 201), response.body
        await settled(engine)


async def settled(engine: Engine) -> None:
    """Until what was written lies before the safe time: a search by _lastUpdated leaves out what does not yet, and
    what is written next gets a later millisecond, so that histories are in one order only."""
    store = engine.store
    (row,) = await store.pool.fetch("SELECT max(last_updated) FROM resource")
    deadline = time.monotonic() + PATIENCE
    while await store.safe_time() <= row[0]:
        assert time.monotonic() < deadline, "a transaction stays open"


_MASKED = re.compile(
    rb"\d{4}-\d\d-\d\dT[\d:.]+Z|_cursor=[\w-]+"
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


def masked(response: FhirResponse) -> tuple[int, dict[str, str], bytes]:
    """What a caller sees, without times and ids that differ between any two databases."""
    dropped = ("last-modified", "x-telerehab-position")
    headers = {
        name: _MASKED.sub(b"-", value.encode()).decode()
        for name, value in response.headers.items()
        if name not in dropped
    }
    return response.status, headers, _MASKED.sub(b"-", response.body)


MOVED: Json = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Condition.subject"},
                {"name": "value", "valueReference": {"reference": "Patient/B"}},
            ],
        }
    ],
}

REQUESTS: list[tuple[str, str, Json | None, dict[str, str]]] = [
    ("GET", "Patient/B", None, {}),
    ("HEAD", "Patient/B", None, {}),
    ("GET", "Patient/B", None, {"if_none_match": 'W/"1"'}),
    ("GET", "Condition/cB", None, {}),
    ("GET", "Condition/cB/_history", None, {}),
    ("GET", "Condition/cB/_history/1", None, {}),
    ("GET", "Condition/cB/_history/2", None, {}),
    ("GET", "Condition/cDel", None, {}),
    ("GET", "Condition/cDel/_history/1", None, {}),
    ("GET", "Condition/cIn", None, {}),
    ("GET", "Condition/cIn/_history", None, {}),
    ("GET", "Condition", None, {}),
    ("GET", "Condition?_summary=count", None, {}),
    ("GET", "Condition?_total=accurate&_count=1", None, {}),
    ("GET", "Condition?_total=estimate", None, {}),
    ("GET", "Condition?subject=Patient/B", None, {}),
    ("GET", f"Condition?subject={BASE}/Patient/B", None, {}),
    ("GET", "Condition?code=rare", None, {}),
    ("GET", "Condition?code:not=rare", None, {}),
    ("GET", "Condition?_id=cA,cB", None, {}),
    ("GET", "Condition?_sort=code", None, {}),
    ("GET", "Condition?_sort=_lastUpdated", None, {}),
    ("GET", "Basic?_include=Basic:subject", None, {}),
    ("GET", "Patient?_revinclude=Condition:subject&_revinclude=Basic:author", None, {}),
    ("GET", "Condition/_history", None, {}),
    ("GET", "_history", None, {}),
    ("GET", "_history?_sort=_lastUpdated&_count=2", None, {}),
    ("PUT", "Condition/cB", condition("cB", "A"), {}),
    ("PUT", "Condition/cB", condition("cB", "A"), {"if_match": 'W/"2"'}),
    ("PUT", "Condition/cB", condition("cB", "A"), {"if_none_match": "*"}),
    ("PUT", "Condition/cB", condition("cB", "B"), {}),
    ("PUT", "Condition/cA", condition("cA", "B"), {}),
    ("PATCH", "Condition/cB", {"resourceType": "Parameters"}, {}),
    ("PATCH", "Condition/cB", {"resourceType": "Parameters"}, {"if_match": 'W/"2"'}),
    ("PATCH", "Condition/cA", MOVED, {}),
    ("PATCH", "Condition?code=rarer", {"resourceType": "Parameters"}, {}),
    ("DELETE", "Condition?code=rarer", None, {}),
    ("PUT", "Condition?code=rarer", condition("cB", "A"), {}),
    ("PUT", "Condition?code=rarer", without_id(condition("x", "A", "rarer")), {}),
    ("DELETE", "Condition/cB", None, {}),
    ("DELETE", "Condition/cB", None, {"if_match": 'W/"2"'}),
    ("POST", "Condition", condition("x", "B"), {}),
    ("POST", "Patient", patient("B"), {"if_none_exist": "identifier=mrn-B"}),
    ("POST", "Condition", condition("x", "A", "rare"), {"if_none_exist": "code=rare"}),
    ("POST", "Condition/cB/$validate?mode=update", condition("cB", "A"), {}),
    ("POST", "Condition/cB/$validate?mode=delete", {"resourceType": "Parameters"}, {}),
]


def in_bundle(type_: str) -> Json:
    entries = []
    for method, url, body, headers in REQUESTS:
        names = {"if_match": "ifMatch", "if_none_match": "ifNoneMatch", "if_none_exist": "ifNoneExist"}
        request = {"method": method, "url": url} | {names[name]: value for name, value in headers.items()}
        entries.append({"request": request} | ({"resource": body} if body else {}))
    return {"resourceType": "Bundle", "type": type_, "entry": entries}


def transaction(*writes: tuple[str, str, Json]) -> Json:
    entries = [{"request": {"method": method, "url": url}, "resource": body} for method, url, body in writes]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


BY_CRITERIA = condition("x", "A") | {"asserter": {"reference": "Patient?identifier=mrn-B"}}
BUNDLES: list[Json] = [
    in_bundle("batch"),
    transaction(("PUT", "Condition/cB", condition("cB", "A"))),
    transaction(("POST", "Condition", condition("x", "A")), ("POST", "Patient", patient("B"))),
    transaction(("POST", "Condition", BY_CRITERIA)),
]


@pytest.fixture
async def with_hidden(new_database: Any, migrated: str) -> Any:
    async with engine_of(RECORDS, await new_database(template=migrated)) as engine:
        await fill(engine, VISIBLE[:1])
        await fill(engine, [*HIDDEN, *CHANGED])
        await fill(engine, VISIBLE[1:])
        assert (await send(engine, ALL, "DELETE", "Condition/cDel")).status == 204
        yield engine


@pytest.fixture
async def without_hidden(new_database: Any, migrated: str) -> Any:
    async with engine_of(RECORDS, await new_database(template=migrated)) as engine:
        await fill(engine, VISIBLE)
        yield engine


async def test_hidden_is_as_absent(with_hidden: Engine, without_hidden: Engine) -> None:
    assert (await send(with_hidden, MINE, "GET", "Condition/cA")).status == 200
    assert (await send(with_hidden, MINE, "GET", "Practitioner/p1")).status == 200
    for method, url, body, headers in [*REQUESTS, *(("POST", "", bundle, {}) for bundle in BUNDLES)]:
        await settled(with_hidden)
        await settled(without_hidden)
        one = await send(with_hidden, MINE, method, url, body, **headers)
        other = await send(without_hidden, MINE, method, url, body, **headers)
        assert masked(one) == masked(other), (method, url, headers)
        assert one.status < 500
        assert b"rare" not in one.body or b"rare" in json.dump(body or url)
    assert (await send(with_hidden, ALL, "GET", "Condition/cB")).status == 200
