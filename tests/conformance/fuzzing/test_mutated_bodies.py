"""Examples bent out of shape: taken or refused, never a fault of the server, and nothing half stored.

FUZZING_CASES asks for more of them than are sent by themselves, FUZZING_SEED for others.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

import json
import os
from typing import Any

import orjson
import pytest

from tests.conformance.fuzzing.exchange import FHIR, Answer, Platform, Request, outcome_of
from tests.conformance.fuzzing.mutation import ODD, Mutator

CASES = int(os.environ.get("FUZZING_CASES", "800"))
SEED = int(os.environ.get("FUZZING_SEED", "1"))
WAYS = ("create", "update", "validate", "transaction")


def body_of(content: Any) -> bytes:
    return json.dumps(content).encode()  # escapes what is no text


def request(way: str, type_: str, content: dict[str, Any]) -> Request:
    match way:
        case "create":
            return Request("POST", f"/{type_}".encode(), body_of(content))
        case "update":
            return Request("PUT", f"/{type_}/fuzzed".encode(), body_of({**content, "id": "fuzzed"}))
        case "validate":
            return Request("POST", f"/{type_}/$validate".encode(), body_of(content))
    good = {
        "resource": {"resourceType": "Basic", "code": {"text": "x"}},
        "request": {"method": "POST", "url": "Basic"},
    }
    bad = {"resource": content, "request": {"method": "POST", "url": type_}}
    return Request(
        "POST", b"", body_of({"resourceType": "Bundle", "type": "transaction", "entry": [good, bad]})
    )


@pytest.mark.parametrize("way", WAYS)
async def test_a_mutated_example_is_taken_or_refused_with_its_place(platform: Platform, way: str) -> None:
    mutator = Mutator(SEED * len(WAYS) + WAYS.index(way))
    statuses = set()
    for _ in range(CASES // len(WAYS)):
        type_, content = mutator.drawn()
        asked = request(way, type_, content)
        answer = await platform.refused_cleanly(asked)
        statuses.add(answer.status)
        if answer.status in (400, 409, 422):
            assert_names_a_place(answer, asked)
    assert {200, 400} <= statuses or {201, 400} <= statuses
    await platform.is_well()


def assert_names_a_place(answer: Answer, asked: Request) -> None:
    for issue in outcome_of(answer, asked)["issue"]:
        no_json = "not acceptable JSON" in issue["diagnostics"]  # and so has no elements to name
        assert issue.get("expression") or no_json, (str(asked), issue)


@pytest.mark.parametrize("type_", ["application/json-patch+json", FHIR])
async def test_a_nonsense_patch_changes_nothing(platform: Platform, type_: str) -> None:
    mutator = Mutator(SEED + 99)
    headers = ((b"content-type", type_.encode()),)
    for number in range(CASES // 8):
        value, other = mutator.random.choice(ODD), mutator.random.choice(ODD)
        operation: Any = {
            "op": mutator.random.choice(["add", "replace", "test", "move", "copy", "remove", other])
        }
        operation |= {
            "path": mutator.random.choice(["/name/0", "/id", "", "/meta", "/~2", "/name/-", other]),
            "value": value,
        }
        body: Any = [operation]
        if type_ == FHIR:
            parts = [{"name": "type", "valueCode": operation["op"]}, {"name": "value", "valueString": value}]
            parts.append(
                {
                    "name": "path",
                    "valueString": mutator.random.choice(["Patient.name", "Patient", "(", other]),
                }
            )
            body = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
        if number % 5 == 0:
            mutator.mutate(body if isinstance(body, dict) else operation)
        await platform.refused_cleanly(Request("PATCH", b"/Patient/there", body_of(body), headers))
    await platform.is_well()


SHAPES = {
    "deep objects": b'{"resourceType":"Patient","a":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "deep lists": b'{"resourceType":"Patient","a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep and cut off": b"[" * 200_000,
    "wide": b'{"resourceType":"Patient",' + b",".join(b'"a%d":1' % n for n in range(50_000)) + b"}",
    "many names": b'{"resourceType":"Patient","name":[' + b",".join([b'{"family":1}'] * 50_000) + b"]}",
    "many contained": b'{"resourceType":"Patient","contained":['
    + b",".join(b'{"resourceType":"Patient","id":"%d"}' % n for n in range(5_000))
    + b"]}",
    "a long text": b'{"resourceType":"Patient","name":[{"family":"' + b" " * 5_000_000 + b'"}]}',
    "a long number": b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 200_000 + b"}",
    "a small number": b'{"resourceType":"Observation","valueQuantity":{"value":1e-999999999}}',
    "spaces": b" " * 2_000_000,
    "a long date": b'{"resourceType":"Patient","birthDate":"' + b"1" * 500_000 + b'"}',
    "a long base64": b'{"resourceType":"Binary","contentType":"a/b","data":"' + b"=" * 500_000 + b'"}',
    "UTF-16": '{"resourceType":"Patient"}'.encode("utf-16"),
    "a lone continuation": b'{"resourceType":"Patient","language":"\x80"}',
    "an overlong NUL": b'{"resourceType":"Patient","language":"\xc0\x80"}',
    "a raw surrogate": b'{"resourceType":"Patient","language":"\xed\xa0\x80"}',
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
async def test_a_monstrous_body_is_refused_in_time(platform: Platform, body: bytes) -> None:
    type_ = next((t for t in ("Observation", "Binary") if b'"%s"' % t.encode() in body[:60]), "Patient")
    for asked in (
        Request("POST", f"/{type_}".encode(), body),
        Request("PUT", f"/{type_}/monster".encode(), body),
        Request("POST", f"/{type_}/$validate".encode(), body),
        Request("POST", b"", body),
    ):
        answer = await platform.refused_cleanly(asked)
        assert 400 <= answer.status < 500 or b"$validate" in asked.url, str(asked)
        orjson.loads(answer.body)
    await platform.is_well()
