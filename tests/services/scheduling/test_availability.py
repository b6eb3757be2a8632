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


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        # On 2026-03-29 at 01:00 UTC Berlin goes from 02:00 to 03:00. Ninety minutes from 01:30 last until 04:00 on
        # the clock: 03:00 is not free, 04:30 is the next of the row.
        (90, ["2026-03-29T00:30:00+00:00", "2026-03-29T02:30:00+00:00"]),
        (150, ["2026-03-29T00:30:00+00:00"]),
    ],
)
def test_a_time_over_the_change_of_clocks_keeps_the_next_from_beginning(
    minutes: int, expected: list[str]
) -> None:
    hours = weekly("sun", "01:30", "06:00", minutes)
    assert starts(hours, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z") == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # Closing at 02:00, the moment at which the clock goes to 03:00; half an hour more on the clock is none.
        ("01:00", "02:00", ["2026-03-29T00:00:00+00:00"]),
        ("01:30", "03:00", []),
    ],
)
def test_nobody_works_past_the_end_because_the_clock_skips(start: str, end: str, expected: list[str]) -> None:
    found = starts(weekly("sun", start, end), "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z")
    assert found == expected


@pytest.mark.parametrize(
    ("midnight", "next_midnight", "slots"),
    [
        ("2026-06-06T22:00:00Z", "2026-06-07T22:00:00Z", 24),
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23),
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 24),  # 25 hours, one of them twice on the clock
    ],
)
def test_a_whole_day_has_the_hours_of_its_clock(midnight: str, next_midnight: str, slots: int) -> None:
    found = starts(weekly("sun", "00:00", "00:00"), midnight, next_midnight)
    assert len(found) == slots
    assert at(found[0]) == at(midnight)
    assert at(found[-1]) + timedelta(hours=1) == at(next_midnight)


def test_an_evening_ends_with_the_day() -> None:
    late = weekly("mon", "23:00", "00:00", 30)
    assert starts(late, "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z") == [
        "2026-01-05T22:00:00+00:00",
        "2026-01-05T22:30:00+00:00",
    ]


def test_a_clock_that_changes_at_midnight_has_no_first_hour() -> None:
    # On 2026-03-29 Beirut goes from 00:00 to 01:00, at 2026-03-28T22:00Z.
    beirut = ZoneInfo("Asia/Beirut")
    evening = weekly("sat", "22:00", "00:00", zone=beirut)
    assert starts(evening, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z") == [
        "2026-03-28T20:00:00+00:00",
        "2026-03-28T21:00:00+00:00",
    ]
    morning = weekly("sun", "00:00", "02:00", zone=beirut)
    assert starts(morning, "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z") == ["2026-03-28T22:00:00+00:00"]


def test_hours_that_overlap_give_each_time_once() -> None:
    hours = [*weekly("mon", "09:00", "11:00").hours, *weekly("mon", "09:30", "12:00").hours]
    both = WeeklyAvailability(hours, 60, BERLIN)
    assert starts(both, "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z") == [
        "2026-01-05T08:00:00+00:00",
        "2026-01-05T09:00:00+00:00",
    ]
    assert starts(both, "2026-01-05T08:15:00Z", "2026-01-06T00:00:00Z") == ["2026-01-05T09:00:00+00:00"], (
        "the same times, however late one looks"
    )


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
    begin=st.one_of(
        st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
        st.sampled_from([datetime(2026, 3, 20), datetime(2026, 10, 20)]),  # noqa: DTZ001 - clocks change soon
    ).map(lambda moment: moment.replace(tzinfo=UTC)),
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
        assert slot.end <= datetime.combine(local.date(), end, ZoneInfo(zone))
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
