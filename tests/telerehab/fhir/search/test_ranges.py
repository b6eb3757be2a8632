"""Dates and numbers against a naive reading of the specification."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

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
