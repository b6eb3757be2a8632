"""A visit's lifecycle, its times and what it announces."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.session.domain.visit import at_status, moved_visit, planned_visit
from services.session.lifecycles import visit
from services.session.rules.visit_is_announced import visit_is_announced
from services.session.rules.visit_that_runs_has_its_times import visit_that_runs_has_its_times
from telerehab.canonical import ENCOUNTER_PLANNED_START, ENCOUNTER_VIRTUAL_SERVICE, extension_value, join_link
from telerehab.change import Change, Emit, Refuse
from telerehab.fhir.validation import validate
from telerehab.resource import Resource

NOW = datetime(2026, 3, 3, 9, 1, tzinfo=UTC)
PLANNED = planned_visit(
    "e1",
    "a1",
    "p1",
    practitioner_ids=["d1"],
    location_id="",
    service_request_ids=["r1"],
    join_link="https://clinic.example/join/abc",
    start=datetime(2026, 3, 3, 9, tzinfo=UTC),
    end=datetime(2026, 3, 3, 9, 30, tzinfo=UTC),
)
STATUSES = ["planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled",
            "entered-in-error", "unknown"]  # fmt: skip
ALLOWED = {
    (None, "planned"),
    ("planned", "arrived"),
    ("planned", "cancelled"),
    ("planned", "entered-in-error"),
    ("arrived", "in-progress"),
    ("arrived", "planned"),
    ("arrived", "cancelled"),
    ("arrived", "entered-in-error"),
    ("in-progress", "onleave"),
    ("in-progress", "finished"),
    ("in-progress", "entered-in-error"),
    ("onleave", "in-progress"),
    ("onleave", "finished"),
    ("onleave", "entered-in-error"),
    ("finished", "entered-in-error"),
    ("cancelled", "entered-in-error"),
}
"""Besides staying as it is: nobody starts who has not checked in, and what is over stays over."""


def change(before: dict[str, Any] | None, after: dict[str, Any]) -> Change:
    return Change(Resource.of(before) if before else None, Resource.of(after), NOW)


def test_a_planned_visit_is_valid_and_says_how_to_join() -> None:
    assert validate(PLANNED) == []
    assert join_link(PLANNED, ENCOUNTER_VIRTUAL_SERVICE) == "https://clinic.example/join/abc"
    assert "period" not in PLANNED, "a period belongs to what took place"


@pytest.mark.parametrize("before", [None, *STATUSES])
@pytest.mark.parametrize("after", STATUSES)
def test_impossible_transitions_are_refused(before: str | None, after: str) -> None:
    judged = change({**PLANNED, "status": before} if before else None, {**PLANNED, "status": after})
    said = list(visit.as_rule().judge(judged))
    assert bool(said) is not (before == after or (before, after) in ALLOWED)


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, "planned", None),
        ("planned", "arrived", "SessionCheckedIn"),
        ("arrived", "in-progress", "SessionStarted"),
        ("in-progress", "onleave", None),
        ("onleave", "in-progress", None),
        ("in-progress", "finished", "SessionFinished"),
        ("onleave", "finished", "SessionFinished"),
        ("planned", "cancelled", None),
        ("finished", "finished", None),
    ],
)
def test_how_a_visit_goes_is_said_once(before: str | None, after: str, event: str | None) -> None:
    judged = change({**PLANNED, "status": before} if before else None, at_status(PLANNED, after, NOW))
    said = [
        type(verdict.message).__name__
        for verdict in visit_is_announced.judge(judged)
        if isinstance(verdict, Emit)
    ]
    assert said == ([event] if event else [])


def test_a_hospitals_own_encounter_is_nobodys_news() -> None:
    history = {name: value for name, value in PLANNED.items() if name != "meta"}
    assert list(visit_is_announced.judge(change(None, {**history, "status": "finished"}))) == []
    assert list(visit_that_runs_has_its_times.judge(change(None, {**history, "status": "finished"}))) == []


@pytest.mark.parametrize(
    ("status", "period", "where"),
    [
        ("in-progress", {}, "Encounter.period.start"),
        ("in-progress", {"start": "2026-03-03"}, "Encounter.period.start"),
        ("finished", {"start": "2026-03-03T09:00:00Z"}, "Encounter.period.end"),
        (
            "finished",
            {"start": "2026-03-03T09:00:00Z", "end": "2026-03-03T08:00:00Z"},
            "Encounter.period.end",
        ),
        ("finished", {"start": "2026-03-03T09:00:00Z", "end": "2026-03-03T09:20:00Z"}, None),
        ("planned", {}, None),
    ],
)
def test_a_visit_that_took_place_has_its_times(
    status: str, period: dict[str, str], where: str | None
) -> None:
    said = visit_that_runs_has_its_times.judge(
        change(PLANNED, {**PLANNED, "status": status, "period": period})
    )
    assert [refusal.expression for refusal in said if isinstance(refusal, Refuse)] == (
        [where] if where else []
    )


def test_a_moved_visit_stays_the_same_visit() -> None:
    start, end = datetime(2026, 3, 4, 10, tzinfo=UTC), datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
    moved = moved_visit(PLANNED, practitioner_ids=["d2"], location_id="l1", start=start, end=end)
    assert validate(moved) == []
    assert extension_value(moved, ENCOUNTER_PLANNED_START) == "2026-03-04T10:00:00Z"
    assert moved["participant"] == [{"individual": {"reference": "Practitioner/d2"}}]
    assert join_link(moved, ENCOUNTER_VIRTUAL_SERVICE) == join_link(PLANNED, ENCOUNTER_VIRTUAL_SERVICE)
