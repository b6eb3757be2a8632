"""A consent holds from the beginning of its first day, month or year to the end of its last."""

from __future__ import annotations

import pytest

from services.session.domain.consent import is_in_force
from tests.services.session.visits import NOW


@pytest.mark.parametrize(
    ("period", "holds"),
    [
        ({}, True),
        ({"start": "2026", "end": "2026"}, True),
        ({"start": "2026-03", "end": "2026-03"}, True),
        ({"start": "2026-03-03", "end": "2026-03-03"}, True),
        ({"start": "2026-03-03T09:01:00Z"}, True),
        ({"start": "2026-03-03T09:01:01Z"}, False),
        ({"start": "2026-03-04"}, False),
        ({"start": "2027"}, False),
        ({"end": "2026-03-02"}, False),
        ({"end": "2026-02"}, False),
        ({"end": "2025"}, False),
        ({"end": "2026-03-03T10:00:00+01:00"}, False),
        ({"end": "9999-12-31"}, True),
    ],
)
def test_a_consent_holds_within_its_period(period: dict[str, str], holds: bool) -> None:
    assert is_in_force({"status": "active", "provision": {"period": period}}, NOW) is holds
