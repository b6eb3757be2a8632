"""What scheduling's rules say, without a database: rules are functions from a change to verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from services.scheduling.lifecycles import appointment as lifecycle
from services.scheduling.projections.booked_time import booked_time
from services.scheduling.rules.booked_visit_has_a_real_time_and_people import (
    booked_visit_has_a_real_time_and_people,
)
from services.scheduling.rules.booking_is_announced import booking_is_announced
from services.scheduling.rules.booking_takes_its_slots import booking_takes_its_slots
from services.scheduling.rules.weekly_availability_becomes_slots import weekly_availability_becomes_slots
from telerehab.canonical import BOOKED_VISIT, SLOT_MINUTES, TIMEZONE, VISIT_ENCOUNTER, WEEKLY_AVAILABILITY
from telerehab.change import Change, Emit, Refuse, Rule, Verdict, Write
from telerehab.resource import Resource

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def appointment(status: str = "booked", *, ours: bool = True, **changed: Any) -> Resource:
    content: dict[str, Any] = {
        "resourceType": "Appointment",
        "id": "a1",
        "status": status,
        "start": "2026-03-03T09:00:00Z",
        "end": "2026-03-03T09:30:00Z",
        "slot": [{"reference": "Slot/s1"}],
        "participant": [
            {"actor": {"reference": "Patient/p1"}, "status": "accepted"},
            {"actor": {"reference": "Practitioner/d1"}, "status": "accepted"},
        ],
        **changed,
    }
    if ours:
        content["meta"] = {"profile": [BOOKED_VISIT]}
        content["extension"] = [{"url": VISIT_ENCOUNTER, "valueReference": {"reference": "Encounter/e1"}}]
    return Resource.of(content)


def slot(status: str, id_: str = "s1") -> Resource:
    return Resource.of(
        {"resourceType": "Slot", "id": id_, "status": status, "schedule": {"reference": "Schedule/c1"}}
    )


def verdicts(
    rule: Rule, before: Resource | None, after: Resource | None, **found: Sequence[Resource]
) -> list[Verdict]:
    return list(rule.judge(Change(before, after, NOW, found)))


@pytest.mark.parametrize(
    ("before", "after", "slot_status", "written"),
    [
        (None, "booked", "free", "busy"),
        (None, "pending", "free", "busy-tentative"),
        ("pending", "booked", "busy-tentative", "busy"),
        ("pending", "cancelled", "busy-tentative", "free"),
        ("booked", "cancelled", "busy", "free"),
        ("booked", "noshow", "busy", "free"),
        ("booked", "arrived", "busy", None),
        (None, "fulfilled", "free", None),
    ],
)
def test_slots_follow_their_appointment(
    before: str | None, after: str, slot_status: str, written: str | None
) -> None:
    said = verdicts(
        booking_takes_its_slots,
        appointment(before) if before else None,
        appointment(after),
        slots=[slot(slot_status)],
    )
    assert [write.content["status"] for write in said if isinstance(write, Write)] == (
        [written] if written else []
    )
    assert not any(isinstance(verdict, Refuse) for verdict in said)


@pytest.mark.parametrize("status", ["busy", "busy-tentative", "busy-unavailable", "entered-in-error"])
def test_a_slot_that_is_not_free_cannot_be_booked(status: str) -> None:
    (refusal,) = verdicts(booking_takes_its_slots, None, appointment("booked"), slots=[slot(status)])
    assert isinstance(refusal, Refuse)
    assert (refusal.status, refusal.expression) == (409, "Appointment.slot")


def test_a_slot_that_is_gone_does_not_keep_a_visit_from_being_moved_or_closed() -> None:
    for after in ("arrived", "cancelled"):
        assert verdicts(booking_takes_its_slots, appointment("booked"), appointment(after), slots=[]) == []


def test_what_a_hospital_sends_may_name_slots_it_marked_itself() -> None:
    said = verdicts(booking_takes_its_slots, None, appointment("booked", ours=False), slots=[slot("busy")])
    assert said == []


def test_a_slot_that_was_closed_meanwhile_is_not_given_back() -> None:
    said = verdicts(
        booking_takes_its_slots,
        appointment("booked"),
        appointment("cancelled"),
        slots=[slot("busy-unavailable")],
    )
    assert said == []


def test_a_deleted_appointment_gives_its_slot_back() -> None:
    (write,) = verdicts(booking_takes_its_slots, appointment("booked"), None, slots=[slot("busy")])
    assert isinstance(write, Write)
    assert write.content["status"] == "free"


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, "pending", None),
        (None, "booked", "AppointmentBooked"),
        ("pending", "booked", "AppointmentBooked"),
        ("pending", "cancelled", None),
        ("booked", "cancelled", "AppointmentCancelled"),
        ("booked", "entered-in-error", "AppointmentCancelled"),
        ("booked", "noshow", "AppointmentNoShow"),
        ("booked", "arrived", None),
        ("booked", "fulfilled", None),
    ],
)
def test_what_happens_to_a_visit_is_said(before: str | None, after: str, event: str | None) -> None:
    said = verdicts(booking_is_announced, appointment(before) if before else None, appointment(after))
    assert [type(emit.message).__name__ for emit in said if isinstance(emit, Emit)] == (
        [event] if event else []
    )


def test_a_moved_visit_says_from_when_to_when() -> None:
    moved = appointment("booked", start="2026-03-04T10:00:00Z", end="2026-03-04T10:30:00Z")
    (emit,) = verdicts(booking_is_announced, appointment("booked"), moved)
    assert isinstance(emit, Emit)
    message: Any = emit.message
    assert type(message).__name__ == "AppointmentRescheduled"
    assert message.previous_start.ToDatetime(UTC) == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert message.start.ToDatetime(UTC) == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert message.encounter_id == "e1"


@pytest.mark.parametrize("type_", ["Practitioner", "Location"])
def test_a_visit_with_somebody_else_or_elsewhere_has_moved(type_: str) -> None:
    people = [
        *appointment().content["participant"],
        {"actor": {"reference": f"{type_}/new"}, "status": "accepted"},
    ]
    (emit,) = verdicts(booking_is_announced, appointment(), appointment(participant=people))
    assert isinstance(emit, Emit)
    assert type(emit.message).__name__ == "AppointmentRescheduled"
    assert verdicts(booking_is_announced, appointment(), appointment(comment="bring shoes")) == []


def test_what_is_cancelled_says_when_it_was_to_be() -> None:
    cancelled = appointment("cancelled", start=None, end=None)
    content = {name: value for name, value in cancelled.content.items() if value is not None}
    (emit,) = verdicts(booking_is_announced, appointment(), Resource.of(content))
    assert isinstance(emit, Emit)
    message: Any = emit.message
    assert message.start.ToDatetime(UTC) == datetime(2026, 3, 3, 9, tzinfo=UTC)


def test_a_visit_that_has_begun_may_change_but_for_its_start() -> None:
    begun: dict[str, Any] = {"start": "2026-03-02T07:45:00Z", "end": "2026-03-02T08:15:00Z"}
    people = [Resource.of({"resourceType": type_, "id": id_}) for type_, id_ in
              (("Patient", "p1"), ("Practitioner", "d1"))]  # fmt: skip
    longer = appointment(**begun | {"end": "2026-03-02T08:30:00Z"})
    rule = booked_visit_has_a_real_time_and_people
    assert verdicts(rule, appointment(**begun), longer, people=people) == []
    (refusal,) = verdicts(rule, appointment(), appointment(**begun), people=people)
    assert isinstance(refusal, Refuse)
    assert refusal.expression == "Appointment.start"


@pytest.mark.parametrize("status", ["booked", "cancelled", "fulfilled", "noshow"])
def test_a_hospitals_own_appointment_is_nobodys_news(status: str) -> None:
    assert verdicts(booking_is_announced, None, appointment(status, ours=False)) == []


def test_a_visit_needs_people_who_exist() -> None:
    patient = Resource.of({"resourceType": "Patient", "id": "p1"})
    said = verdicts(booked_visit_has_a_real_time_and_people, None, appointment(), people=[patient])
    assert [(v.code, v.expression) for v in said if isinstance(v, Refuse)] == [
        ("not-found", "Appointment.participant[1].actor")
    ]


def test_a_visit_needs_a_time() -> None:
    said = verdicts(
        booked_visit_has_a_real_time_and_people, None, appointment(end="2026-03-03T08:00:00Z"), people=[]
    )
    assert "Appointment.start" in [v.expression for v in said if isinstance(v, Refuse)]


@pytest.mark.parametrize(
    ("changed", "actors"),
    [
        ({}, ["Patient/p1", "Practitioner/d1", "Slot/s1"]),
        ({"status": "cancelled"}, []),
        ({"status": "fulfilled"}, []),
        ({"status": "proposed"}, []),
        ({"end": "2026-03-03T09:00:00Z"}, []),
        ({"participant": [{"actor": {"reference": "Patient/p1"}, "status": "declined"}]}, ["Slot/s1"]),
        (
            {"participant": [{"actor": {"reference": "HealthcareService/h"}, "status": "accepted"}]},
            ["Slot/s1"],
        ),
    ],
)
def test_whose_time_an_appointment_takes(changed: dict[str, Any], actors: list[str]) -> None:
    made = appointment("booked", **changed) if "status" not in changed else appointment(changed["status"])
    assert [row["actor"] for row in booked_time.rows(made)] == actors


def schedule(**changed: Any) -> Resource:
    hours = [
        {"url": "daysOfWeek", "valueCode": "mon"},
        {"url": "availableStartTime", "valueTime": "09:00:00"},
        {"url": "availableEndTime", "valueTime": "11:00:00"},
    ]
    content = {
        "resourceType": "Schedule",
        "id": "c1",
        "extension": [
            {"url": WEEKLY_AVAILABILITY, "extension": hours},
            {"url": TIMEZONE, "valueCode": "Europe/Berlin"},
            {"url": SLOT_MINUTES, "valuePositiveInt": 60},
        ],
        "actor": [{"reference": "Practitioner/d1"}],
        "planningHorizon": {"start": "2026-03-01", "end": "2026-03-15"},
        **changed,
    }
    return Resource.of(content)


def test_weekly_availability_becomes_slots_once() -> None:
    first = verdicts(weekly_availability_becomes_slots, None, schedule(), slots=[])
    made = [write.content for write in first if isinstance(write, Write)]
    assert [one["start"] for one in made] == [
        "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "2026-03-09T08:00:00Z", "2026-03-09T09:00:00Z",
    ]  # fmt: skip
    again = verdicts(
        weekly_availability_becomes_slots, schedule(), schedule(), slots=[Resource.of(one) for one in made]
    )
    assert again == []


def test_a_withdrawn_schedule_takes_back_its_free_slots_only() -> None:
    first = verdicts(weekly_availability_becomes_slots, None, schedule(), slots=[])
    made = [write.content for write in first if isinstance(write, Write)]
    taken = [
        Resource.of({**one, "status": status})
        for one, status in zip(made, ["busy", "busy", "free", "free"], strict=True)
    ]
    said = verdicts(weekly_availability_becomes_slots, schedule(), schedule(active=False), slots=taken)
    withdrawn = {write.content["id"] for write in said if isinstance(write, Write)}
    assert withdrawn == {made[2]["id"], made[3]["id"]}, "what is busy stays"


@pytest.mark.parametrize(
    ("extension", "where"),
    [
        (
            [{"url": WEEKLY_AVAILABILITY, "extension": [{"url": "daysOfWeek", "valueCode": "monday"}]}],
            "weekly",
        ),
        (
            [{"url": WEEKLY_AVAILABILITY, "extension": schedule().content["extension"][0]["extension"]}],
            "timezone",
        ),
    ],
)
def test_availability_that_cannot_be_understood_is_refused(extension: list[Any], where: str) -> None:
    (refusal,) = verdicts(weekly_availability_becomes_slots, None, schedule(extension=extension), slots=[])
    assert isinstance(refusal, Refuse)
    assert where in str(refusal.expression)


def stated(start: str, end: str, zone: Any = "Europe/Berlin", minutes: int = 60) -> Resource:
    """A schedule with these hours on Mondays."""
    hours = [
        {"url": "daysOfWeek", "valueCode": "mon"},
        {"url": "availableStartTime", "valueTime": start},
        {"url": "availableEndTime", "valueTime": end},
    ]
    named = {"valueCode": zone} if isinstance(zone, str) else {"valueCodeableConcept": zone}
    return schedule(
        extension=[
            {"url": WEEKLY_AVAILABILITY, "extension": hours},
            {"url": TIMEZONE, **named},
            {"url": SLOT_MINUTES, "valuePositiveInt": minutes},
        ]
    )


@pytest.mark.parametrize(
    "zone",
    ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin", "europe/berlin", "CET-1",
     "../Europe/Berlin", "Europe/", "/etc/localtime", "", "x" * 300, "Europe/Berlin\0", {"text": "Berlin"}],
)  # fmt: skip
def test_what_is_no_iana_zone_is_refused(zone: Any) -> None:
    (refusal,) = verdicts(
        weekly_availability_becomes_slots, None, stated("09:00:00", "10:00:00", zone), slots=[]
    )
    assert isinstance(refusal, Refuse)
    assert "IANA" in refusal.diagnostics
    assert "timezone" in str(refusal.expression)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "US/Eastern"])
def test_every_iana_zone_is_understood(zone: str) -> None:
    said = verdicts(weekly_availability_becomes_slots, None, stated("09:00:00", "10:00:00", zone), slots=[])
    assert [type(one) for one in said] == [Write, Write]


@pytest.mark.parametrize(
    ("start", "end", "refused"),
    [
        ("22:00:00", "02:00:00", True),
        ("09:00:00", "09:00:00", True),
        ("09:00:00", "24:00:00", True),
        ("09:00:00+01:00", "10:00:00", True),
        ("23:00:00", "00:00:00", False),
        ("00:00:00", "00:00:00", False),
    ],
)
def test_hours_lie_within_one_day(start: str, end: str, refused: bool) -> None:
    said = verdicts(weekly_availability_becomes_slots, None, stated(start, end), slots=[])
    assert any(isinstance(one, Refuse) for one in said) is refused


def test_slots_of_another_length_are_made_anew_unless_taken() -> None:
    first = verdicts(weekly_availability_becomes_slots, None, stated("09:00:00", "11:00:00"), slots=[])
    made = [write.content for write in first if isinstance(write, Write)]
    known = [
        Resource.of({**one, "status": status})
        for one, status in zip(made, ["free", "busy", "free", "busy"], strict=True)
    ]
    shorter = stated("09:00:00", "11:00:00", minutes=30)
    said = [
        write.content
        for write in verdicts(weekly_availability_becomes_slots, schedule(), shorter, slots=known)
        if isinstance(write, Write)
    ]
    ends = {one["start"]: one["end"] for one in said}
    assert ends["2026-03-02T08:00:00Z"] == "2026-03-02T08:30:00Z", "the same start, another end"
    assert "2026-03-02T08:30:00Z" in ends
    assert "2026-03-02T09:00:00Z" not in ends, "what is busy stays as long as it was"


STATUSES = ["proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow",
            "entered-in-error", "checked-in", "waitlist"]  # fmt: skip
ALLOWED = {
    (None, "pending"),
    (None, "booked"),
    ("pending", "booked"),
    ("pending", "cancelled"),
    ("pending", "entered-in-error"),
    ("booked", "arrived"),
    ("booked", "checked-in"),
    ("booked", "fulfilled"),
    ("booked", "cancelled"),
    ("booked", "noshow"),
    ("booked", "entered-in-error"),
    ("arrived", "checked-in"),
    ("arrived", "fulfilled"),
    ("arrived", "cancelled"),
    ("arrived", "noshow"),
    ("arrived", "entered-in-error"),
    ("checked-in", "fulfilled"),
    ("checked-in", "cancelled"),
    ("checked-in", "entered-in-error"),
    ("fulfilled", "entered-in-error"),
    ("cancelled", "entered-in-error"),
    ("noshow", "entered-in-error"),
}
"""Besides staying as it is: what was cancelled is not booked again, and who is there does not stay away."""


@pytest.mark.parametrize("before", [None, *STATUSES])
@pytest.mark.parametrize("after", STATUSES)
def test_a_visit_goes_only_through_these_statuses(before: str | None, after: str) -> None:
    said = verdicts(lifecycle.as_rule(), appointment(before) if before else None, appointment(after))
    assert bool(said) is not (before == after or (before, after) in ALLOWED)
    foreign = verdicts(
        lifecycle.as_rule(),
        appointment(before, ours=False) if before else None,
        appointment(after, ours=False),
    )
    assert foreign == []
