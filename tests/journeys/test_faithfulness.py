"""Published examples, put one by one through the gateway, come back as they were sent.

Whole Synthea patients by transaction: tests/services/gateway/test_synthea.py.
Which examples are refused and why: docs/decisions/0011-examples-that-are-refused.md.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from demo.deployment import Deployment
from demo.faithful import is_faithful
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate

DATA = Path(__file__).parents[1] / "data"
FHIR_JSON = {"content-type": "application/fhir+json"}


def examples(name: str) -> Iterator[tuple[str, JsonObject]]:
    with gzip.open(DATA / name, "rb") as lines:
        for record in map(json.parse_object, lines):
            yield record["file"], json.parse_object(record["text"])


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [("r4-examples.ndjson.gz", 338, 4), ("physical-activity-ig.ndjson.gz", 148, 8)],
    ids=["official", "Physical Activity guide"],
)
def test_examples_are_stored_and_come_back_the_same(
    platform: Deployment, name: str, accepted: int, refused: int
) -> None:
    same, turned_away, wrong = 0, 0, {}
    with httpx.Client(base_url=f"{platform.base}/", timeout=30, trust_env=False) as client:
        for file, sent in examples(name):
            place = f"{sent['resourceType']}/{sent['id']}"
            put = client.put(place, content=json.dump(sent), headers=FHIR_JSON)
            if validate(sent):
                turned_away += put.status_code in (400, 422) and "issue" in json.parse(put.content)
            elif put.status_code not in (200, 201):
                wrong[file] = put.text[:500]
            elif is_faithful(sent, json.parse(client.get(place).content), {}):
                same += 1
            else:
                wrong[file] = "came back otherwise"
    assert wrong == {}
    assert (same, turned_away) == (accepted, refused)
