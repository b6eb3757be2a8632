"""Parts of resources: `_summary` and `_elements`."""

from __future__ import annotations

from typing import Any

import pytest

from telerehab.fhir.search import summarise
from telerehab.fhir.search.query import Summary
from telerehab.fhir.search.summary import SUBSETTED

OBSERVATION = {
    "resourceType": "Observation",
    "id": "o",
    "meta": {"versionId": "2", "tag": [{"code": "mine"}]},
    "text": {"status": "generated", "div": "<div/>"},
    "status": "final",
    "_status": {"id": "s"},
    "code": {"coding": [{"code": "x", "display": "X"}]},
    "valueQuantity": {"value": 1},
    "note": [{"text": "long"}],
    "component": [{"code": {"text": "c"}, "valueString": "v", "interpretation": [{"text": "high"}]}],
}


@pytest.mark.parametrize(
    ("summary", "elements", "kept"),
    [
        ("true", (), {"status", "_status", "code", "valueQuantity", "component"}),
        ("text", (), {"text", "status", "_status", "code"}),
        ("data", (), {"status", "_status", "code", "valueQuantity", "note", "component"}),
        ("false", ("value",), {"status", "_status", "code", "valueQuantity"}),
        ("false", ("note", "text"), {"status", "_status", "code", "note", "text"}),
    ],
)
def test_what_is_kept(summary: Summary, elements: tuple[str, ...], kept: set[str]) -> None:
    part = summarise(OBSERVATION, summary, elements)
    assert set(part) == kept | {"resourceType", "id", "meta"}
    assert part["meta"] == {"versionId": "2", "tag": [{"code": "mine"}, SUBSETTED]}
    assert "SUBSETTED" not in str(OBSERVATION)


def test_a_summary_reaches_into_elements_but_not_into_data_types() -> None:
    part = summarise(OBSERVATION, "true")
    assert part["component"] == [{"code": {"text": "c"}, "valueString": "v"}]
    assert part["code"] == OBSERVATION["code"]


def test_the_whole_is_the_resource_itself() -> None:
    assert summarise(OBSERVATION) is OBSERVATION


def test_every_example_can_be_summarised(examples: list[tuple[str, dict[str, Any]]]) -> None:
    for _, resource in examples:
        part = summarise(resource, "true")
        assert set(part) <= set(resource) | {"meta"}
        assert list(part)[:1] == ["resourceType"]
