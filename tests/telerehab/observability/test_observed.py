"""What surrounds a request: ids, safe headers, metrics, probes, the access line; driven as ASGI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from telerehab.observability import Metrics, Observed, Probes, current_request, current_traceparent
from telerehab.observability import observed as module
from telerehab.observability.asgi import Message, Receive, Scope, Send, respond

SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


async def call(app: Any, path: str = "/", **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"name=Anna+Muster",
        "headers": raw,
    }
    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(part["body"] for part in sent[1:])


async def read_patient(scope: Scope, receive: Receive, send: Send) -> None:
    request = current_request()
    assert request is not None
    request.interaction, request.type = scope["path"].strip("/").split("/")
    await respond(send, 200, current_traceparent().encode(), headers=[(b"cache-control", b"private")])


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("Anna Muster")


def watch(app: Any, *, https: bool = False) -> tuple[Observed, Metrics, Probes]:
    metrics = Metrics("records", ["Patient"])
    probes = Probes(metrics)
    return Observed(app, "records", metrics, probes, https=https), metrics, probes


async def test_safe_headers_are_added_where_the_app_set_none() -> None:
    app, _, _ = watch(read_patient)
    _, headers, _ = await call(app, "/read/Patient")
    assert {name: headers[name] for name in SAFE} == SAFE | {"cache-control": "private"}
    assert "strict-transport-security" not in headers


async def test_browsers_are_kept_on_https_when_clients_come_by_it() -> None:
    app, _, _ = watch(read_patient, https=True)
    _, headers, _ = await call(app, "/read/Patient")
    assert headers["strict-transport-security"].startswith("max-age=31536000")


@pytest.mark.parametrize("given", ["abc-123", "x" * 64])
async def test_sane_request_id_is_kept(given: str) -> None:
    _, headers, _ = await call(watch(read_patient)[0], "/read/Patient", x_request_id=given)
    assert headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "Anna, Muster", 'a"b', "a\r\nb", "ä"])
async def test_other_request_ids_are_replaced(given: str) -> None:
    _, headers, _ = await call(watch(read_patient)[0], "/read/Patient", x_request_id=given)
    assert headers["x-request-id"] != given
    assert headers["x-request-id"].isalnum()


async def test_trace_goes_on_below_and_ends_with_the_request() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    _, _, body = await call(watch(read_patient)[0], "/read/Patient", traceparent=f"00-{trace}-{'1' * 16}-01")
    assert body.decode().split("-")[1] == trace
    assert current_request() is None


async def test_failure_is_an_outcome_that_names_the_request_only() -> None:
    status, headers, body = await call(watch(fail)[0], "/", x_request_id="abc")
    assert (status, headers["content-type"]) == (500, "application/fhir+json; charset=utf-8")
    assert "abc" in json.loads(body)["issue"][0]["diagnostics"]
    assert b"Anna" not in body


async def test_access_line_holds_no_path_and_no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "write_line", written.append)
    await call(watch(read_patient)[0], "/read/Patient", user_agent="Anna Muster")
    [line] = written
    assert (line["interaction"], line["type"], line["status"]) == ("read", "Patient", 200)
    assert set(line) == {
        "level", "service", "request_id", "trace_id", "code", "method", "route", "interaction", "type",
        "status", "milliseconds",
    }  # fmt: skip
    assert "Anna" not in json.dumps(line)


async def test_requests_are_counted_by_interaction_type_and_status() -> None:
    app, metrics, _ = watch(read_patient)
    for _ in range(3):
        await call(app, "/read/Patient")
    sample = metrics.registry.get_sample_value
    assert (
        sample("telerehab_responses_total", {"interaction": "read", "type": "Patient", "status": "200"}) == 3
    )
    assert sample("telerehab_request_seconds_count", {"interaction": "read", "type": "Patient"}) == 3


async def test_clients_cannot_grow_the_number_of_series() -> None:
    app, metrics, _ = watch(read_patient)
    await call(app, "/read/Patient")
    await call(app, "/made-up/Made")
    before = metrics.exposition().count(b"\n")
    for number in range(50):
        await call(app, f"/made-up{number}/Made{number}")
    assert metrics.exposition().count(b"\n") == before


def test_services_that_share_a_process_have_metrics_of_their_own() -> None:
    one, other = Metrics("records", ["Patient"]), Metrics("session", ["Encounter"])
    one.request("read", "Patient", 200, 0.01)
    assert b'type="Patient"' in one.exposition()
    assert b'type="Patient"' not in other.exposition()
    one.gauge("pool_waiting", "Waiting", lambda: 7)
    assert b"telerehab_pool_waiting 7.0" in one.exposition()


async def passes() -> None:
    pass


async def fails() -> None:
    raise ConnectionError("password=secret")


async def test_ready_only_once_started_and_while_every_check_passes() -> None:
    app, _, probes = watch(read_patient)
    probes.checks["database"] = passes
    assert (await call(app, "/readyz"))[0] == 503
    probes.ready = True
    status, _, body = await call(app, "/readyz")
    assert (status, json.loads(body)) == (200, {"status": "ready", "checks": {"database": "ok"}})

    probes.checks["database"] = fails
    status, _, body = await call(app, "/readyz")
    assert (status, json.loads(body)["checks"]) == (503, {"database": "failed"})
    assert b"secret" not in body
    assert (await call(app, "/livez"))[0] == 200


async def test_metrics_are_served_in_the_text_format() -> None:
    status, headers, body = await call(watch(read_patient)[0], "/metrics")
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert b'telerehab_service{service="records"} 1.0' in body
