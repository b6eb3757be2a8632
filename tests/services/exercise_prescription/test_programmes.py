"""A programme is announced once it is no draft any more, with every exercise it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.exercise_prescription.rules.programme_change_is_announced import programme_change_is_announced
from telerehab.canonical import PROGRAMME
from telerehab.change import Change, Emit
from telerehab.resource import Resource

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def care_plan(status: str, *, ours: bool = True) -> Resource:
    content: dict[str, Any] = {"resourceType": "CarePlan", "id": "c1", "status": status, "intent": "plan"}
    content["subject"] = {"reference": "Patient/p1"}
    content["activity"] = [{"reference": {"reference": "ServiceRequest/s1"}}]
    return Resource.of({**content, "meta": {"profile": [PROGRAMME]}} if ours else content)


def prescription() -> Resource:
    repeat = {"frequency": 3, "period": 1, "periodUnit": "wk"}
    return Resource.of({"resourceType": "ServiceRequest", "id": "s1", "occurrenceTiming": {"repeat": repeat}})


@pytest.mark.parametrize(
    ("before", "after", "ours", "said"),
    [
        (None, "draft", True, False),
        ("draft", "draft", True, False),
        ("draft", "active", True, True),
        ("active", "on-hold", True, True),
        ("active", "completed", True, True),
        (None, "active", False, False),
    ],
)
def test_a_programme_is_announced(before: str | None, after: str, ours: bool, said: bool) -> None:
    change = Change(
        care_plan(before) if before else None, care_plan(after, ours=ours), NOW, {"prescriptions": []}
    )
    assert len(list(programme_change_is_announced.judge(change))) == said


def test_it_tells_how_often_each_exercise_is_due() -> None:
    change = Change(care_plan("draft"), care_plan("active"), NOW, {"prescriptions": [prescription()]})
    (emit,) = programme_change_is_announced.judge(change)
    assert isinstance(emit, Emit)
    message: Any = emit.message
    assert [(e.service_request_id, e.frequency, e.period_days) for e in message.exercises] == [("s1", 3, 7)]
