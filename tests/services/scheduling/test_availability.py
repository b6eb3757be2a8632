"""Weekly availability becomes bookable times, also over clock changes and midnight in other zones."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.availability import WEEKDAYS, Interval, WeeklyAvailability, WorkingHours
from services.scheduling.domain.schedule import slots
from telerehab.canonical import NOT_AVAILABLE, SLOT_MINUTES, TIMEZONE, WEEKLY_AVAILABILITY

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def starts(availability: WeeklyAvailability, start: str, end: str) -> list[str]:
    return [slot.start.isoformat() for slot in availability.times(Interval(at(start), at(end)))]


def weekly(days: str, start: str, end: str, minutes: int = 60, zone: ZoneInfo = BERLIN) -> WeeklyAvailability:
    hours = WorkingHours(frozenset(days.split()), time.fromisoformat(start), time.fromisoformat(end))
    return WeeklyAvailability([hours], minutes, zone)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # Winter: Berlin is UTC+1, summer: UTC+2.
        (
            "2026-01-05T00:00:00Z",
            "2026-01-06T00:00:00Z",
            ["2026-01-05T08:00:00+00:00", "2026-01-05T09:00:00+00:00"],
        ),
        (
            "2026-07-06T00:00:00Z",
            "2026-07-07T00:00:00Z",
            ["2026-07-06T07:00:00+00:00", "2026-07-06T08:00:00+00:00"],
        ),
        # Only times that lie wholly within.
        ("2026-01-05T08:30:00Z", "2026-01-05T10:00:00Z", ["2026-01-05T09:00:00+00:00"]),
        ("2026-01-05T08:30:00Z", "2026-01-05T09:59:59Z", []),
        # Not a Monday.
        ("2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z", []),
    ],
)
def test_local_hours_become_utc_times(start: str, end: str, expected: list[str]) -> None:
    assert starts(weekly("mon", "09:00", "11:00"), start, end) == expected


def test_an_hour_that_the_clock_skips_yields_nothing() -> None:
    # On 2026-03-29 Berlin goes from 02:00 to 03:00.
    assert starts(weekly("sun", "01:00", "04:00"), "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z") == [
        "2026-03-29T00:00:00+00:00",
        "2026-03-29T01:00:00+00:00",
    ]


def test_an_hour_that_occurs_twice_is_given_once() -> None:
    # On 2026-10-25 Berlin has 02:00 twice.
    assert starts(weekly("sun", "01:00", "04:00"), "2026-10-24T00:00:00Z", "2026-10-26T00:00:00Z") == [
        "2026-10-24T23:00:00+00:00",
        "2026-10-25T00:00:00+00:00",
        "2026-10-25T02:00:00+00:00",
    ]


def test_a_zone_far_from_utc_keeps_its_own_weekday() -> None:
    monday_morning = weekly("mon", "08:00", "09:00", zone=ZoneInfo("Pacific/Auckland"))
    assert starts(monday_morning, "2026-01-04T00:00:00Z", "2026-01-06T00:00:00Z") == [
        "2026-01-04T19:00:00+00:00"
    ]


def test_time_off_is_left_out() -> None:
    gap = Interval(at("2026-01-05T08:30:00Z"), at("2026-01-05T08:45:00Z"))
    availability = weekly("mon", "09:00", "11:00")
    with_gap = WeeklyAvailability(availability.hours, 60, BERLIN, [gap])
    assert starts(with_gap, "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z") == ["2026-01-05T09:00:00+00:00"]


@given(
    days=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    start=st.times(max_value=time(22)),
    hours=st.integers(1, 10),
    minutes=st.sampled_from([5, 20, 30, 45, 60, 90]),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
    begin=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001
        lambda moment: moment.replace(tzinfo=UTC)
    ),
)
def test_times_never_overlap_and_lie_in_working_hours(
    days: set[str], start: time, hours: int, minutes: int, zone: str, begin: datetime
) -> None:
    end = (datetime.combine(datetime(2026, 1, 1), start) + timedelta(hours=hours)).time()  # noqa: DTZ001
    if end <= start:
        end = time(23, 59)
    availability = WeeklyAvailability([WorkingHours(frozenset(days), start, end)], minutes, ZoneInfo(zone))
    within = Interval(begin, begin + timedelta(days=15))
    slots = list(availability.times(within))
    for slot in slots:
        local = slot.start.astimezone(ZoneInfo(zone))
        assert WEEKDAYS[local.weekday()] in days
        assert start <= local.time()
        assert slot.end - slot.start == timedelta(minutes=minutes)
    assert not any(first.overlaps(second) for first, second in pairwise(slots))


def test_days_off_and_the_horizon_end_with_their_last_day() -> None:
    period = {"valuePeriod": {"start": "2026-01-06", "end": "2026-01-06"}}
    hours = [
        *({"url": "daysOfWeek", "valueCode": day} for day in WEEKDAYS),
        {"url": "availableStartTime", "valueTime": "09:00:00"},
        {"url": "availableEndTime", "valueTime": "10:00:00"},
    ]
    schedule = {
        "resourceType": "Schedule",
        "id": "s",
        "extension": [
            {"url": WEEKLY_AVAILABILITY, "extension": hours},
            {"url": TIMEZONE, "valueCode": "America/New_York"},
            {"url": SLOT_MINUTES, "valuePositiveInt": 60},
            {"url": NOT_AVAILABLE, **period},
        ],
        "planningHorizon": {"start": "2026-01-05", "end": "2026-01-07"},
    }
    made = slots(schedule, at("2026-01-01T00:00:00Z"))
    assert [one["start"] for one in made] == ["2026-01-05T14:00:00Z", "2026-01-07T14:00:00Z"]
