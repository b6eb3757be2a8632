"""How much of a programme was done, counted by hand: a missing log as nothing, and as unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.exercises import exercises
from services.exercise_prescription.domain.adherence import adherence_of
from services.exercise_prescription.domain.done_of_planned import Done, done_of_planned
from services.exercise_prescription.domain.dose import starting_dose
from services.exercise_prescription.domain.heard_log import HeardLog
from services.exercise_prescription.domain.prescribed import Prescribed, prescription
from services.exercise_prescription.domain.schedule import Schedule
from services.exercise_prescription.domain.situation import Known
from telerehab.canonical import PROGRAMME, TIMEZONE
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource
from tests.services.exercise_prescription.clinic import PATIENT, Clinic
from tests.services.exercise_prescription.test_apply import assert_valid
from tests.services.exercise_prescription.test_progress import PLANNED, START, log, programme

VIENNA = ZoneInfo("Europe/Vienna")
MONDAY = datetime(2026, 3, 2, tzinfo=VIENNA)
FRIDAYS = Schedule(1, ("mon", "wed", "fri"))


def known(
    logs: list[tuple[int, int]],
    *,
    schedule: Schedule = FRIDAYS,
    today: int = 8,
    statuses: list[tuple[int, str]] | None = None,
    end: int | None = None,
) -> Known:
    """A bridge from Monday 2 March on, with the completion (percent) of logs by day, looked at on `today`."""
    exercise = exercises()["bridge"]
    what = Prescribed(exercise, starting_dose(exercise), schedule, exercise.dose.effort, 5)
    request = prescription(
        "s1", what, subject=PATIENT, care_plan_id="c1", authored="2026-03-02T00:00:00Z",
        bounds={"start": MONDAY.isoformat()}, requester=None, encounter=None, reason={"text": "Hip"},
    )  # fmt: skip
    versions = []
    for number, (day, status) in enumerate(statuses or [(1, "active")], 1):
        version = Resource.of({**request, "status": status})
        version.version, version.last_updated = number, at(day)
        versions.append(version)
    care_plan: JsonObject = {"resourceType": "CarePlan", "id": "c1", "meta": {"profile": [PROGRAMME]}}
    care_plan |= {"status": "active", "extension": [{"url": TIMEZONE, "valueCode": "Europe/Vienna"}]}
    care_plan["period"] = {"start": MONDAY.isoformat()}
    if end is not None:
        care_plan["period"]["end"] = (MONDAY + timedelta(days=end)).isoformat()
    heard = [
        HeardLog(f"Observation/{number}", 1, f"log-{number}", at(day), 60, False, told(percent))
        for number, (day, percent) in enumerate(logs)
    ]
    return Known(versions, care_plan, heard, (), False, at(today))


def at(day: int) -> datetime:
    """Noon of a day of the programme."""
    return (MONDAY + timedelta(days=day - 1, hours=12)).astimezone(UTC)


def told(percent: int) -> dict[str, Any]:
    return {"completion_percent": percent, "sets_done": 0, "repetitions_done": 0, "symptoms": []}


def done(of: Known, first: int = 1, last: int = 7) -> Done:
    days = [(MONDAY + timedelta(days=day - 1)).date() for day in (first, last)]
    return done_of_planned(of, days[0], days[1])


TWICE = Schedule(2)


@pytest.mark.parametrize(
    ("of", "planned", "logged", "active"),
    [
        (known([(1, 100), (3, 100), (5, 100)]), 3, [100, 100, 100], {1, 3, 5}),
        (known([(1, 100), (3, 50)]), 3, [100, 50], {1, 3}),
        (known([]), 3, [], set()),
        (known([(1, 0)]), 3, [0], set()),
        (known([(2, 100), (4, 100)]), 3, [], set()),
        (known([(1, 50), (1, 50)]), 3, [100], {1}),
        (known([(1, 80), (1, 80)]), 3, [100], {1}),
        (known([(1, 100), (8, 100)]), 3, [100], {1}),
        (known([(1, 100)], today=3), 1, [100], {1}),
        (known([(1, 100), (3, 100)], today=3), 2, [100, 100], {1, 3}),
        (known([(1, 100)], today=1), 1, [100], {1}),
        (known([], today=1), 0, [], set()),
        (known([(1, 100), (1, 50)], schedule=TWICE, today=3), 4, [75, 75], {1}),
        (known([(1, 100)], schedule=TWICE, today=3), 4, [100], {1}),
        (known([(1, 100), (1, 100), (1, 100)], schedule=TWICE, today=3), 4, [100, 100], {1}),
        (known([(1, 100)], statuses=[(1, "active"), (2, "on-hold"), (5, "active")]), 1, [100], {1}),
        (known([(1, 100)], statuses=[(1, "active"), (2, "on-hold"), (4, "active")]), 2, [100], {1}),
        (known([(1, 100), (3, 100)], statuses=[(1, "active"), (3, "completed")]), 2, [100, 100], {1, 3}),
        (known([], statuses=[(1, "draft")]), 0, [], set()),
        (known([(1, 100), (3, 100)], end=2), 1, [100], {1}),
        (known([(1, 100), (3, 100)], end=3), 2, [100, 100], {1, 3}),
    ],
)
def test_bouts_are_counted_as_by_hand(of: Known, planned: int, logged: list[int], active: set[int]) -> None:
    found = done(of)
    assert (found.planned, [int(share) for share in found.logged]) == (planned, logged)
    assert found.days_active == active


def test_only_the_days_asked_for_count() -> None:
    of = known([(1, 100), (8, 100), (10, 40)], today=12)  # today, a Friday, has no log yet
    assert [int(share) for share in done(of, 8, 14).logged] == [100, 40]
    assert (done(of, 8, 14).planned, done(of, 2, 2).planned, done(of, -20, 0).planned) == (2, 0, 0)


@given(st.lists(st.tuples(st.integers(1, 14), st.integers(0, 150)), max_size=12), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_what_is_unknown_never_raises_it_and_order_is_nothing(logs: list[tuple[int, int]], seed: int) -> None:
    of = known(logs, today=15)
    found = done(of, 1, 14)
    shuffled = [*of.logs, *Random(seed).choices(of.logs, k=2)] if of.logs else []
    Random(seed).shuffle(shuffled)
    assert done(Known(of.versions, of.care_plan, shuffled, (), False, of.now), 1, 14) == found
    both = adherence_of(found.planned, found.logged)
    assert len(found.logged) <= found.planned == 6
    assert both.missing_as_zero is not None
    assert 0 <= both.missing_as_zero <= (both.logged_only or Decimal(100)) <= 100
    less = done(known(logs[1:], today=15), 1, 14)
    assert sum(less.logged) <= sum(found.logged)


# The operation


def figures(parts: list[JsonObject]) -> dict[str, Any]:
    return {
        part["name"]: next(value for name, value in part.items() if name.startswith("value"))
        for part in parts
        if part["name"] != "exercise"
    }


async def test_a_clinician_sees_both_readings_of_each_exercise_and_of_all(clinic: Clinic) -> None:
    care_plan, request = await programme(clinic)
    for day in PLANNED[:6]:
        await clinic.hear(log(request, day, completion_percent=50 if day == PLANNED[5] else 100))
    last = f"{START + timedelta(days=20):%Y-%m-%d}"
    answer = await clinic.call("GET", f"CarePlan/{care_plan['id']}/$adherence?end={last}&days=21")
    assert_valid(answer)
    all_of_it = figures(answer["parameter"])
    assert all_of_it["period"] == {"start": f"{START:%Y-%m-%d}", "end": last}
    # four exercises on three days a week and one on five, three weeks; five whole bouts and a half were logged
    assert (all_of_it["planned"], all_of_it["logged"]) == (51, 6)
    assert (all_of_it["missingAsZero"], all_of_it["loggedOnly"]) == (Decimal("10.8"), Decimal("91.7"))
    assert (all_of_it["band"], all_of_it["daysActive"]) == ("low", 6)
    of_each = [figures(one["part"]) for one in answer["parameter"] if one["name"] == "exercise"]
    assert [one["prescription"]["reference"] for one in of_each] == [
        activity["reference"]["reference"] for activity in care_plan["activity"]
    ]
    bridge = of_each[0]
    assert bridge["prescription"]["reference"] == f"ServiceRequest/{request['id']}"
    assert (bridge["planned"], bridge["logged"]) == (9, 6)
    assert (bridge["missingAsZero"], bridge["loggedOnly"]) == (Decimal("61.1"), Decimal("91.7"))
    assert bridge["band"] == "partial"
    for other in of_each[1:]:
        assert (other["logged"], other["missingAsZero"], other["band"]) == (0, 0, "low")
        assert "loggedOnly" not in other


async def test_where_nothing_was_planned_there_is_no_percentage(clinic: Clinic) -> None:
    draft = await clinic.apply()
    answer = await clinic.call("GET", f"CarePlan/{draft['id']}/$adherence")
    all_of_it = figures(answer["parameter"])
    assert (all_of_it["planned"], all_of_it["daysPlanned"]) == (0, 0)
    assert not {"missingAsZero", "loggedOnly", "band"} & set(all_of_it)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("days=0", "days"),
        ("days=-1", "days"),
        ("days=121", "days"),
        ("days=many", "days"),
        ("days=7&days=8", "days"),
        ("end=2026-13-01", "end"),
        ("end=2026-03", "end"),
        ("end=yesterday", "end"),
        ("end=0001-01-01", "end"),
        ("weeks=2", "weeks"),
    ],
)
async def test_bad_input_of_adherence_is_refused(clinic: Clinic, query: str, where: str) -> None:
    draft = await clinic.apply()
    answer = await clinic.call("GET", f"CarePlan/{draft['id']}/$adherence?{query}", status=400)
    assert answer["resourceType"] == "OperationOutcome"
    assert where in str(answer["issue"])


async def test_adherence_of_what_is_no_programme_or_not_there(clinic: Clinic) -> None:
    theirs = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": PATIENT},
    }
    made = await clinic.call("POST", "CarePlan", theirs, 201)
    answer = await clinic.call("GET", f"CarePlan/{made['id']}/$adherence", status=422)
    assert answer["issue"][0]["expression"] == ["CarePlan.meta.profile"]
    await clinic.call("GET", "CarePlan/none/$adherence", status=404)
