"""Dates and numbers against a naive reading of the specification."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.search import index, matches, parse_query
from telerehab.fhir.search.types.date import covered

DAY = timedelta(days=1)
dates = st.dates(date(1900, 1, 1), date(2100, 1, 1))
prefixes = st.sampled_from(["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
decimals = st.decimals(Decimal(-1000), Decimal(1000), places=2)


def found(resource: dict[str, Any], name: str, value: str) -> bool:
    return matches(parse_query(resource["resourceType"], [(name, value)]).where, index(resource))


@given(start=dates, days=st.integers(0, 60), asked=dates, prefix=prefixes)
def test_periods_of_days_compare_as_sets_of_days(start: date, days: int, asked: date, prefix: str) -> None:
    end = start + DAY * days
    encounter = {
        "resourceType": "Encounter",
        "id": "e",
        "period": {"start": start.isoformat(), "end": end.isoformat()},
    }
    expected: dict[str, Callable[[], bool]] = {
        "eq": lambda: start == asked == end,
        "ne": lambda: not start == asked == end,
        "gt": lambda: end > asked,
        "lt": lambda: start < asked,
        "ge": lambda: end > asked or start == asked == end,
        "le": lambda: start < asked or start == asked == end,
        "sa": lambda: start > asked,
        "eb": lambda: end < asked,
    }
    assert found(encounter, "date", prefix + asked.isoformat()) is expected[prefix]()


@given(time=st.builds(datetime.combine, dates, st.times()), offset=st.integers(-14 * 4, 14 * 4))
def test_a_time_is_in_what_it_covers_and_in_every_coarser_one(time: datetime, offset: int) -> None:
    shift = timedelta(minutes=15 * offset)
    sign, minutes = "-" if offset < 0 else "+", abs(15 * offset)
    zone = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    instant = time.replace(tzinfo=UTC) - shift
    for text in (
        f"{time:%Y-%m-%dT%H:%M}{zone}",
        f"{time:%Y-%m-%dT%H:%M:%S}{zone}",
        f"{time.isoformat()}{zone}",
    ):
        lo, hi = covered(text)
        assert lo <= instant < hi
    utc = time.replace(tzinfo=UTC)
    for text in (f"{time:%Y}", f"{time:%Y-%m}", f"{time:%Y-%m-%d}"):
        lo, hi = covered(text)
        assert lo <= utc < hi


@given(value=decimals, asked=decimals, prefix=prefixes)
def test_numbers_compare_by_value_and_match_by_digits(value: Decimal, asked: Decimal, prefix: str) -> None:
    risk = json.parse_object(
        f'{{"resourceType": "RiskAssessment", "id": "r", "prediction": [{{"probabilityDecimal": {value}}}]}}'
    )
    expected: dict[str, bool] = {
        "eq": abs(value - asked) < Decimal("0.005"),
        "ne": abs(value - asked) >= Decimal("0.005"),
        "gt": value > asked,
        "lt": value < asked,
        "ge": value >= asked,
        "le": value <= asked,
        "sa": value > asked,
        "eb": value < asked,
    }
    assert found(risk, "probability", f"{prefix}{asked}") is expected[prefix]


@given(
    text=st.text(max_size=40),
    name=st.sampled_from(["birthdate", "name", "identifier", "general-practitioner"]),
)
def test_any_text_is_answered_or_refused_never_more(text: str, name: str) -> None:
    with suppress(FhirError):
        found({"resourceType": "Patient", "id": "a"}, name, text)


@pytest.mark.parametrize(
    ("text", "lo", "hi"),
    [
        ("2024", "2024-01-01T00:00:00", "2025-01-01T00:00:00"),
        ("2024-02", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
        ("2024-12", "2024-12-01T00:00:00", "2025-01-01T00:00:00"),
        ("2024-02-29", "2024-02-29T00:00:00", "2024-03-01T00:00:00"),
        ("0987-02-28", "0987-02-28T00:00:00", "0987-03-01T00:00:00"),
        ("2024-02-29T23:59Z", "2024-02-29T23:59:00", "2024-03-01T00:00:00"),
        ("2024-02-29T23:59:59", "2024-02-29T23:59:59", "2024-03-01T00:00:00"),
        ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59", "2024-03-01T00:00:00"),
        ("2024-02-29T23:59:59-14:00", "2024-03-01T13:59:59", "2024-03-01T14:00:00"),
        ("2024-02-29T10:00:00.5Z", "2024-02-29T10:00:00.5", "2024-02-29T10:00:00.6"),
        ("2024-02-29T10:00:00.123+02:00", "2024-02-29T08:00:00.123", "2024-02-29T08:00:00.124"),
        ("2024-02-29T10:00:00.1234567Z", "2024-02-29T10:00:00.123456", "2024-02-29T10:00:00.123457"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00", "2017-01-01T00:00:01"),
        ("9999", "9999-01-01T00:00:00", "9999-12-31T23:59:59.999999"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59", "9999-12-31T23:59:59.999999"),
    ],
)
def test_what_a_date_or_time_covers(text: str, lo: str, hi: str) -> None:
    expected = tuple(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (lo, hi))
    assert covered(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "2024-1",
        "2024-W01-1T10:00:00Z",
        "2024-02-30",
        "2024-02-29T25:00:00Z",
        "2024-02-29T10",
        "２０２４",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        covered(text)
