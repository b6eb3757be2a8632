"""The ASGI edge: bodies in pieces, clients that leave, headers, what is not FHIR."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from telerehab.engine import Engine
from telerehab.observability import Metrics, Probes
from telerehab.server.app import service_app

BODY = b'{"resourceType":"Patient","id":"pieces","active":true}'


def scope(method: str, path: str, **headers: str) -> dict[str, Any]:
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": listed,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip


async def call(engine: Engine, asked: dict[str, Any], *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """What the app sends when it receives these messages."""
    metrics = Metrics("records")
    app = service_app(engine, metrics, Probes(metrics))
    waiting, sent = list(messages), []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(asked, receive, send)
    return sent


async def test_body_in_pieces_is_one_body(engine: Engine) -> None:
    pieces = [
        {"type": "http.request", "body": BODY[n : n + 7], "more_body": True} for n in range(0, len(BODY), 7)
    ]
    asked = scope("PUT", "/fhir/R4/Patient/pieces", content_type="application/json")
    sent = await call(engine, asked, *pieces, {"type": "http.request"})
    assert sent[0]["status"] in (200, 201)


async def test_client_that_leaves_while_sending_changes_nothing(
    engine: Engine, client: httpx.AsyncClient
) -> None:
    asked = scope("PUT", "/fhir/R4/Patient/leaver", content_type="application/json")
    started = {"type": "http.request", "body": b'{"resourceType":', "more_body": True}
    assert await call(engine, asked, started, {"type": "http.disconnect"}) == []
    assert (await client.get("Patient/leaver")).status_code == 404


async def test_length_that_is_too_large_is_refused_before_the_body_comes(engine: Engine) -> None:
    asked = scope("PUT", "/fhir/R4/Patient/x", content_type="application/json", content_length="999999999999")
    sent = await call(engine, asked)  # nothing to receive: reading would fail
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("length", ["²", "9" * 5000])
async def test_a_length_that_is_no_number_is_no_fault_of_ours(engine: Engine, length: str) -> None:
    asked = scope("PUT", "/fhir/R4/Patient/length", content_type="application/json", content_length=length)
    sent = await call(engine, asked, {"type": "http.request", "body": BODY})
    assert sent[0]["status"] < 500


@pytest.mark.parametrize(
    ("path", "status"), [("/fhir/R4/metadata", 200), ("/fhir/R4/metadata/", 200), ("/fhir/R5/metadata", 404)]
)
async def test_what_is_not_below_the_base_is_not_fhir(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    assert (await client.get(f"http://127.0.0.1:8080{path}")).status_code == status


async def test_escaped_base_is_no_base(engine: Engine) -> None:
    asked = scope("GET", "/fhir/R4/metadata") | {"raw_path": b"/fh%69r/R4/metadata"}
    assert (await call(engine, asked))[0]["status"] == 400


async def test_every_answer_is_safe_and_named(client: httpx.AsyncClient) -> None:
    for url in ("metadata", "Patient/never", "Patient?colour=red", "Patiant"):
        headers = (await client.get(url, headers={"x-request-id": "mine-1"})).headers
        assert headers["x-request-id"] == "mine-1"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
