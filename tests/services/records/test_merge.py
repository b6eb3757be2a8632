"""A merge and its undoing are announced, and nothing else about a Patient is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.records.rules.merge_is_announced import merge_is_announced
from telerehab.change import Change, Emit
from telerehab.resource import Resource

LINK = {"other": {"reference": "Patient/kept"}, "type": "replaced-by"}


def patient(*links: dict[str, Any]) -> Resource:
    return Resource.of({"resourceType": "Patient", "id": "old", **({"link": list(links)} if links else {})})


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, patient(), []),
        (None, patient(LINK), ["PatientMerged"]),
        (patient(), patient(LINK), ["PatientMerged"]),
        (patient(LINK), patient(LINK), []),
        (patient(LINK), patient(), ["PatientUnmerged"]),
        (patient(LINK), None, ["PatientUnmerged"]),
        (patient(), patient({**LINK, "type": "seealso"}), []),
        (patient(), patient({**LINK, "other": {"reference": "Patient/old"}}), []),
        (patient(), patient({**LINK, "other": {"reference": "Patient/kept/_history/2"}}), ["PatientMerged"]),
        (patient(LINK), patient({**LINK, "other": {"reference": "Patient/kept/_history/2"}}), []),
        (
            patient(LINK),
            patient({**LINK, "other": {"reference": "Patient/x"}}),
            ["PatientUnmerged", "PatientMerged"],
        ),
    ],
)
def test_merges_are_announced(before: Resource | None, after: Resource | None, said: list[str]) -> None:
    verdicts = merge_is_announced.judge(Change(before, after, datetime(2026, 3, 3, tzinfo=UTC)))
    assert [type(verdict.message).__name__ for verdict in verdicts if isinstance(verdict, Emit)] == said
