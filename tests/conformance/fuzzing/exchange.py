"""A request as bytes, its answer, and what must be true of any answer to any request.

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

FHIR = "application/fhir+json"
LIMIT = 60.0
"""Seconds within which every answer comes, on a busy machine too."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Request:
    """What is sent, with nothing a client library would mend; `url` is below the base."""

    method: str
    url: bytes
    body: bytes = b""
    headers: Headers = ((b"content-type", FHIR.encode()),)

    def __str__(self) -> str:
        return f"{self.method} {self.url[:300]!r} {list(self.headers)!r} {self.body[:2000]!r}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Platform:
    """The gateway's app, and a look into the tables behind it."""

    def __init__(self, app: Any, connection: asyncpg.Connection, schemas: Sequence[str]) -> None:
        self._app = app
        self._connection = connection
        counts = (f"(SELECT count(*) FROM {schema}.resource_version)" for schema in schemas)
        self._counting = "SELECT " + " + ".join(counts)

    async def prepare(self) -> None:
        """One resource that is there, for what needs one."""
        patient = b'{"resourceType":"Patient","id":"there","active":true,"name":[{"family":"There"}]}'
        assert (await self.send(Request("PUT", b"/Patient/there", patient))).status == 201

    async def versions(self) -> int:
        """How many versions of resources are stored, superseded and deleted ones too."""
        return int(await self._connection.fetchval(self._counting))

    async def send(self, request: Request) -> Answer:
        path, _, query = request.url.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": "/fhir/R4" + path.decode("latin-1"),
            "raw_path": b"/fhir/R4" + path,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", b"hospital.example"), *request.headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        pending = [{"type": "http.request", "body": request.body, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if pending:
                return pending.pop()
            await asyncio.Event().wait()  # the client stays
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async with asyncio.timeout(LIMIT):
            await self._app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], dict(sent[0]["headers"]), body)

    async def refused_cleanly(self, request: Request) -> Answer:
        """Send it, and hold the answer to the rules: no fault of ours; if refused, an outcome and nothing stored."""
        before = await self.versions()
        answer = await self.send(request)
        assert answer.status < 500, (str(request), answer)
        if answer.status >= 400:
            if request.method != "HEAD":
                outcome = outcome_of(answer, request)
                assert outcome["issue"][0].get("diagnostics") or outcome["issue"][0].get("details"), str(
                    request
                )
            assert await self.versions() == before, str(request)
        return answer

    async def is_well(self) -> None:
        """It still reads, finds and writes."""
        assert (await self.send(Request("GET", b"/Patient/there", headers=()))).status == 200
        found = orjson.loads((await self.send(Request("GET", b"/Patient?_id=there", headers=()))).body)
        assert len(found["entry"]) == 1
        written = await self.send(Request("POST", b"/Patient", b'{"resourceType":"Patient","active":true}'))
        assert written.status == 201


def outcome_of(answer: Answer, request: Request) -> dict[str, Any]:
    """The OperationOutcome that an error is."""
    try:
        outcome: dict[str, Any] = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise AssertionError((str(request), answer)) from None
    assert outcome["resourceType"] == "OperationOutcome", (str(request), answer)
    assert outcome["issue"], (str(request), answer)
    assert answer.headers[b"content-type"].startswith(b"application/fhir+json"), (str(request), answer)
    return outcome
