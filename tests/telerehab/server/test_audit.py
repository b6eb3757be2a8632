"""What was shown, done or refused is on record, each with who asked and which patients it touched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from telerehab.engine import Engine
from telerehab.events.position import Waited, events_of
from tests.telerehab.server.conftest import RECORDS, client_of, engine_of

ASTHMA = {"resourceType": "Condition", "id": "asthma", "subject": {"reference": "Patient/anna"}}
ANNA = {"resourceType": "Patient", "id": "anna"}


@pytest.fixture
async def dsn(new_database: Any, migrated: str) -> str:
    result: str = await new_database(template=migrated)
    return result


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[Engine]:
    async with engine_of(RECORDS, dsn) as engine:
        yield engine


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(engine) as opened:
        await opened.put("Patient/anna", json=ANNA)
        await opened.put("Condition/asthma", json=ASTHMA)
        yield opened


async def last_row(dsn: str) -> tuple[Any, ...]:
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(
            "SELECT action, type, resource_id, version, patients, outcome, query, request_id"
            " FROM records.audit ORDER BY id DESC LIMIT 1"
        )
    finally:
        await connection.close()
    return tuple(row)


@pytest.mark.parametrize(
    ("method", "url", "body", "expected"),
    [
        ("GET", "Condition/asthma", None, ("R", "Condition", "asthma", 1, ["anna"], 200, "")),
        ("GET", "Condition/asthma/_history/1", None, ("R", "Condition", "asthma", 1, ["anna"], 200, "")),
        ("GET", "Condition/asthma/_history", None, ("R", "Condition", "asthma", 0, ["anna"], 200, "")),
        ("GET", "Condition?code=x", None, ("E", "Condition", "", 0, [], 200, "code=x")),
        ("GET", "Condition", None, ("E", "Condition", "", 0, ["anna"], 200, "")),
        ("GET", "Condition/_history", None, ("E", "Condition", "", 0, ["anna"], 200, "")),
        ("PUT", "Condition/asthma", ASTHMA, ("U", "Condition", "asthma", 1, ["anna"], 200, "")),
        ("PUT", "Condition/asthma", ASTHMA | {"language": "en"}, ("U", "Condition", "asthma", 2, ["anna"], 200, "")),
        ("DELETE", "Condition/asthma", None, ("D", "Condition", "asthma", 2, ["anna"], 200, "")),
        ("DELETE", "Condition/never", None, ("D", "Condition", "never", 0, [], 204, "")),
        ("GET", "Condition/never", None, ("R", "Condition", "never", 0, [], 404, "")),
        ("PUT", "Condition/asthma", ASTHMA | {"x": 1}, ("U", "Condition", "asthma", 0, [], 400, "")),
        ("GET", "Condition?colour=red", None, ("E", "Condition", "", 0, [], 400, "colour=red")),
        ("POST", "Patient/$validate", ANNA, ("E", "Patient", "", 0, [], 200, "$validate")),
    ],
)  # fmt: skip
async def test_it_is_on_record_when_the_answer_is_there(
    client: httpx.AsyncClient, dsn: str, method: str, url: str, body: Any, expected: tuple[Any, ...]
) -> None:
    response = await client.request(method, url, json=body)
    *row, request_id = await last_row(dsn)
    assert tuple(row) == expected
    assert request_id == response.headers["x-request-id"]


async def test_what_cannot_be_audited_is_not_shown(
    client: httpx.AsyncClient, engine: Engine, dsn: str
) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("ALTER TABLE records.audit RENAME TO elsewhere")
    await connection.close()
    for url in ("Condition/asthma", "Condition", "Condition/asthma/_history", "Condition/never"):
        response = await client.get(url)
        assert response.status_code >= 500
        assert response.json()["resourceType"] == "OperationOutcome"


async def test_write_names_its_events_and_a_read_waits_for_them(
    client: httpx.AsyncClient, engine: Engine
) -> None:
    written = await client.put("Patient/berta", json={"resourceType": "Patient", "id": "berta"})
    token = written.headers["x-telerehab-position"]
    assert [type_.rpartition(".")[2] for type_, _ in events_of(token)] == ["ResourceChanged"]
    waited: list[str] = []
    reason = ""

    async def wait_for(position: str) -> Waited:
        events_of(position)
        waited.append(position)
        return Waited(not reason, reason)

    engine.wait_for = wait_for
    for url in ("Patient/berta", "Patient?_id=berta"):
        assert (
            "x-telerehab-behind"
            not in (await client.get(url, headers={"x-telerehab-position": token})).headers
        )
    reason = "timeout"
    late = await client.get("Patient/berta", headers={"x-telerehab-position": token})
    assert (late.status_code, late.headers["x-telerehab-behind"]) == (200, "timeout")
    absent = await client.get("Patient/nobody", headers={"x-telerehab-position": token})
    assert (absent.status_code, absent.headers["x-telerehab-behind"]) == (404, "timeout")
    assert waited == [token] * 4
    assert (await client.get("Patient/berta", headers={"x-telerehab-position": "%"})).status_code == 400


async def test_refused_transaction_is_on_record(client: httpx.AsyncClient, dsn: str) -> None:
    entry = {"request": {"method": "DELETE", "url": "Patient/anna", "ifMatch": 'W/"9"'}}
    refused = await client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert refused.status_code == 412
    *row, request_id = await last_row(dsn)
    assert row == ["E", "", "", 0, [], 412, "transaction"]
    assert request_id == refused.headers["x-request-id"]


async def test_conditional_deletion_of_nothing_is_on_record_with_its_criteria(
    client: httpx.AsyncClient, dsn: str
) -> None:
    await client.delete("Condition?code=never")
    assert (await last_row(dsn))[:-1] == ("D", "Condition", "", 0, [], 204, "code=never")
