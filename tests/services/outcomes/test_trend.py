"""Trends: every worked change, series that never mix, and bad input."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.parameters import Parameters

from clinical.instruments import ChangeCase, Instrument, instruments
from services.outcomes.domain.change_of_score import changed
from services.outcomes.domain.codes import REGION, SIDE
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from tests.services.outcomes.answered import answered
from tests.services.outcomes.conftest import Outcomes

CASES = [(one, case) for one in instruments().values() for case in one.change_case]
NPRS, PSFS, GROC = (instruments()[name] for name in ("nprs", "psfs", "groc"))


@pytest.mark.parametrize(("instrument", "case"), CASES, ids=[f"{one.id}: {case.id}" for one, case in CASES])
def test_worked_case(instrument: Instrument, case: ChangeCase) -> None:
    found = changed(instrument, case.baseline, case.follow_up, region=case.region, answered=case.answered)
    assert (found.change, found.improvement) == (case.expect.change, case.expect.improvement)
    assert found.percent == case.expect.percent
    assert tuple(one.id for one in found.detectable) == case.expect.detectable
    assert tuple(one.id for one in found.meaningful) == case.expect.meaningful
    assert tuple(one.id for one in found.cautions) == case.expect.cautions


def about(content: JsonObject, side: str = "", region: str = "") -> JsonObject:
    """The response with where the patient says it is."""
    told = [("side", SIDE, side), ("region", REGION, region)]
    items = [
        {"linkId": link_id, "answer": [{"valueCoding": {"system": system, "code": code}}]}
        for link_id, system, code in told
        if code
    ]
    return {**content, "item": [*items, *content["item"]]}


async def trend(outcomes: Outcomes, instrument: str, **more: str) -> list[dict[str, list[Any]]]:
    """The parts of each series by name."""
    query = "&".join(f"{name}={value}" for name, value in more.items())
    url = f"Observation/$trend?patient=Patient/{outcomes.patient}&instrument={instrument}&{query}"
    found = await outcomes.send("GET", url, None, 200)
    assert validate(found) == []
    Parameters.model_validate_json(json.dump(found))
    series = []
    for one in found.get("parameter", ()):
        parts: dict[str, list[Any]] = {}
        for part in one["part"]:
            value = next(part[name] for name in part if name != "name")
            parts.setdefault(part["name"], []).append(value)
        series.append(parts)
    return series


async def test_the_change_is_told_with_the_rules_by_which_it_counts(outcomes: Outcomes) -> None:
    for pain, authored in ((7, "2026-03-03T10:00:00+01:00"), (4, "2026-04-03T10:00:00+02:00")):
        await outcomes.post(about(answered(NPRS, [pain], authored=authored), region="low-back"))
    (series,) = await trend(outcomes, "nprs")
    assert (series["change"], series["improvement"]) == ([-3], [3])
    assert [str(one) for one in series["percent"]] == ["42.9"]
    assert (series["better"], series["responder"], series["bodySite"]) == (["lower"], [True], ["low-back"])
    assert [one[0]["valueCode"] for one in series["meaningful"]] == ["mic-points", "mic-percent"]
    assert "detectable" not in series, "no noise is stated for low back pain: nothing is claimed"
    assert await trend(outcomes, "72514-3") == [series]


async def test_series_never_mix_sides_versions_languages_or_activities(outcomes: Outcomes) -> None:
    await outcomes.post(about(answered(NPRS, [7]), "left", "knee"))
    await outcomes.post(about(answered(NPRS, [2]), "right", "knee"))
    await outcomes.post(about(answered(NPRS, [3], language="de"), "left", "knee"))
    await outcomes.post(about(answered(NPRS, [5], version="2.0.0"), "left", "knee"))
    found = await trend(outcomes, "nprs")
    assert len(found) == 4
    assert all(len(series["point"]) == 1 and "change" not in series for series in found)
    assert [one["bodySite"] for one in await trend(outcomes, "nprs", side="right")] == [["right-knee"]]
    assert await trend(outcomes, "nprs", region="hip") == []
    for activity in ("Climbing stairs", "climbing  stairs ", "Gardening"):
        response = answered(PSFS, [4, None, None, None, None])
        named = {"linkId": "activity-1", "answer": [{"valueString": activity}]}
        await outcomes.post({**response, "item": [named, *response["item"]]})
    assert sorted(len(series["point"]) for series in await trend(outcomes, "psfs")) == [1, 2]


async def test_points_are_in_the_order_of_answering_and_say_when_there_is_none(outcomes: Outcomes) -> None:
    for pain, authored in (
        (4, "2026-03-03T10:00:00+01:00"),
        (None, "2026-03-02"),
        (6, "2026-03-03T08:30:00Z"),
    ):
        await outcomes.post(answered(NPRS, [pain], authored=authored))
    wrong = await outcomes.post(answered(NPRS, [9], authored="2026-03-01T08:30:00Z"))
    await outcomes.put({**wrong, "status": "entered-in-error"})
    (series,) = await trend(outcomes, "nprs")
    told = [
        next(part.get("valueCode") or part["valueQuantity"]["value"] for part in point[1:2])
        for point in series["point"]
    ]
    assert told == ["asked-unknown", 6, 4]
    assert [one["value"] for one in series["baseline"]] == [6]


async def test_a_rating_of_change_has_no_baseline(outcomes: Outcomes) -> None:
    for value in (1, 5):
        await outcomes.post(answered(GROC, [value]))
    (series,) = await trend(outcomes, "groc")
    assert "baseline" not in series
    assert "change" not in series
    assert series["latest"][0]["value"] == 5


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("instrument=nprs", "patient"),
        ("patient=Patient/1", "instrument"),
        ("patient=Group/1&instrument=nprs", "patient"),
        ("patient=Patient/1%26status=x&instrument=nprs", "patient"),
        ("patient=&instrument=nprs", "patient"),
        ("patient=Patient/1&instrument=odi", "instrument"),
        ("patient=Patient/1&instrument=nprs&side=upside-down", "side"),
        ("patient=Patient/1&instrument=nprs&region=elbow", "region"),
        ("patient=Patient/1&instrument=nprs&instrument=psfs", "instrument"),
        ("patient=Patient/1&instrument=nprs&colour=red", "colour"),
    ],
)
async def test_bad_input_is_refused_by_name(outcomes: Outcomes, query: str, where: str) -> None:
    outcome = await outcomes.send("GET", f"Observation/$trend?{query}", None, 400)
    told = "".join(f"{issue.get('diagnostics')} {issue.get('expression')}" for issue in outcome["issue"])
    assert where in told
