"""Places: care before bulk, so many waiting, refusals with Retry-After, and nobody served who has left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from telerehab.fhir.outcome import FhirError
from telerehab.observability import Metrics
from telerehab.observability.asgi import Message, Receive, Scope, Send, respond
from telerehab.rpc.deadlines import remaining
from telerehab.server.admission import Admission, Kind, admissions
from telerehab.server.admitted import Admitted, kind_of
from telerehab.settings import Settings

LIMIT = 60.0


def scope_of(method: str, target: str, **headers: str) -> dict[str, Any]:
    path, _, query = target.partition("?")
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    raw = {"raw_path": path.encode(), "query_string": query.encode(), "headers": given}
    return {"type": "http", "method": method, "path": path, **raw}


async def everybody_has_asked() -> None:
    """Let the tasks run until each waits; none of them waits for anything but the event loop and a place."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("method", "target", "length", "kind"),
    [
        ("GET", "/fhir/R4/Patient/1", None, "care"),
        ("GET", "/fhir/R4/Patient?name=a&_count=200", None, "care"),
        ("POST", "/fhir/R4/Patient", "900", "care"),
        ("POST", "/fhir/R4/Encounter/1/$start", "20", "care"),
        ("PUT", "/fhir/R4/DetectedIssue/1", "900", "care"),
        ("GET", "/fhir/R4/Patient/1/_history", None, "care"),
        ("POST", "/fhir/R4", "32768", "care"),
        ("GET", "/fhir/R4/metadata", None, "care"),
        ("POST", "/fhir/R4", "32769", "bulk"),
        ("POST", "/fhir/R4/", None, "bulk"),
        ("GET", "/fhir/R4?_type=Patient", None, "bulk"),
        ("POST", "/fhir/R4/_search", "10", "bulk"),
        ("GET", "/fhir/R4/_history", None, "bulk"),
        ("GET", "/fhir/R4/Patient/_history", None, "bulk"),
        ("GET", "/fhir/R4/Patient/1/$everything", None, "bulk"),
        ("POST", "/fhir/R4/ValueSet/$expand", "10", "bulk"),
        ("GET", "/fhir/R4/Patient/1/*", None, "bulk"),
        ("GET", "/fhir/R4/Patient?_count=1000", None, "bulk"),
    ],
)
def test_what_is_bulk(method: str, target: str, length: str | None, kind: Kind) -> None:
    headers = {} if length is None else {"content_length": length}
    assert kind_of(scope_of(method, target, **headers)) == kind


async def test_bulk_gets_its_part_only_and_care_the_rest() -> None:
    admission = Admission(places=3, bulk=1, waiting=8)
    assert admission.take_at_once("bulk")
    assert not admission.take_at_once("bulk")
    assert admission.take_at_once("care")
    assert admission.take_at_once("care")
    assert not admission.take_at_once("care")


async def test_a_place_goes_to_care_before_bulk_and_to_the_first_of_each() -> None:
    admission = Admission(places=1, bulk=1, waiting=80)
    assert admission.take_at_once("care")
    served: list[str] = []

    async def work(name: str, kind: Kind) -> None:
        await admission.take(kind, LIMIT)
        served.append(name)
        admission.give_back(kind)

    asked: list[tuple[str, Kind]] = [("b1", "bulk"), ("c1", "care"), ("b2", "bulk"), ("c2", "care")]
    tasks = [asyncio.create_task(work(*each)) for each in asked]
    await everybody_has_asked()
    admission.give_back("care")
    await asyncio.gather(*tasks)
    assert served == ["c1", "c2", "b1", "b2"]
    assert admission.in_progress("care") == admission.in_progress("bulk") == 0


async def test_too_many_waiting_and_too_long_a_wait_are_refused() -> None:
    refused: list[Kind] = []
    admission = Admission(places=1, bulk=1, waiting=1, refused=refused.append, seconds=0.05)
    assert admission.take_at_once("care")
    first = asyncio.create_task(admission.take("care", LIMIT))
    await everybody_has_asked()
    for waiter in (admission.take("care", LIMIT), first):
        with pytest.raises(FhirError) as caught:
            await waiter
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "1")
    assert refused == ["care", "care"]
    assert admission.waiting("care") == 0
    admission.give_back("care")
    assert admission.take_at_once("care")


async def test_no_place_is_lost_to_those_who_give_up() -> None:
    admission = Admission(places=1, bulk=1, waiting=8)
    assert admission.take_at_once("care")
    waiters = [asyncio.create_task(admission.take("care", LIMIT)) for _ in range(3)]
    await everybody_has_asked()
    waiters[1].cancel()
    admission.give_back("care")  # the first has it, and gives up before it knows
    waiters[0].cancel()
    await asyncio.wait((waiters[2],), timeout=LIMIT)
    assert waiters[2].result() is None
    assert admission.in_progress("care") == 1


class Client:
    """One that sends a body and may leave."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.messages.put_nowait({"type": "http.request", "body": b"abc", "more_body": False})
        self.sent: list[Message] = []

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})

    async def send(self, message: Message) -> None:
        self.sent.append(message)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = (await receive())["body"]
    await respond(send, 200, body + b" %d" % round(remaining()))


async def test_who_waits_has_its_body_afterwards_and_who_leaves_is_dropped() -> None:
    admission = Admission(places=1, bulk=1, waiting=8)
    app = Admitted(echo, lambda scope: admission)
    assert admission.take_at_once("care")
    staying, leaving = Client(), Client()
    scope = scope_of("POST", "/fhir/R4/Patient", x_telerehab_timeout="12.400")
    tasks = [asyncio.create_task(app(scope, each.messages.get, each.send)) for each in (leaving, staying)]
    await everybody_has_asked()
    leaving.leave()
    async with asyncio.timeout(LIMIT):
        await tasks[0]
        assert admission.waiting("care") == 1
        admission.give_back("care")
        await tasks[1]
    assert leaving.sent == []
    assert staying.sent[1]["body"] == b"abc 12"
    assert admission.in_progress("care") == 0


async def test_a_refusal_is_an_outcome_and_is_counted() -> None:
    metrics = Metrics("records")
    settings = Settings(requests_in_progress=2, bulk_in_progress=1, requests_waiting=8)
    (admission,) = admissions(["records"], settings, metrics).values()
    app = Admitted(echo, lambda scope: admission)
    assert admission.take_at_once("bulk")
    waiting = asyncio.create_task(admission.take("bulk", LIMIT))
    await everybody_has_asked()
    client = Client()
    await app(scope_of("GET", "/fhir/R4/_history"), client.messages.get, client.send)
    assert client.sent[0]["status"] == 503
    assert (b"retry-after", b"5") in client.sent[0]["headers"]
    assert b'"throttled"' in client.sent[1]["body"]
    told = metrics.exposition().decode()
    assert 'telerehab_requests_refused_total{kind="bulk"} 1.0' in told
    assert 'telerehab_requests_in_progress{kind="bulk"} 1.0' in told
    assert 'telerehab_requests_waiting{kind="bulk"} 1.0' in told
    admission.give_back("bulk")
    await waiting
