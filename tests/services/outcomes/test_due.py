"""Questionnaires around visits: due when they are, moved and cancelled with the visit, closed by their answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.task import Task

from clinical.instruments import instruments
from clinical.questionnaires_due import DueCase, questionnaires_due
from clinical.red_flags import screenings
from services.outcomes.domain.due import due_before, names
from telerehab.event import timestamp
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from telerehab.fhir.when import utc
from telerehab.identity import new_id
from telerehab.pb.telerehab.events.v1.scheduling_pb2 import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
)
from telerehab.pb.telerehab.events.v1.session_pb2 import SessionFinished
from tests.services.outcomes.answered import answered, ticks
from tests.services.outcomes.conftest import START, Outcomes

VISIT = START + timedelta(days=2)
NPRS = instruments()["nprs"]


@pytest.mark.parametrize("case", questionnaires_due().case, ids=lambda case: case.id)
def test_worked_case(case: DueCase) -> None:
    when = {
        name.replace("red-flags", "red-flags-hip"): VISIT - timedelta(days=days)
        for name, days in case.answered.items()
    }
    due = [one.id.removesuffix("-hip") for one in due_before(VISIT, when, ["hip"])]
    assert tuple(due) == case.due


def test_what_the_data_ask_for_exists() -> None:
    stated = questionnaires_due()
    before = {one.instrument for one in stated.before_visit if not one.screening}
    assert before | {one.instrument for one in stated.after_visit} <= set(instruments())
    assert all(one.instrument is None for one in stated.before_visit if one.screening)


async def booked(outcomes: Outcomes, start: datetime = VISIT) -> dict[str, Any]:
    whose: dict[str, Any] = {
        "appointment_id": new_id(),
        "encounter_id": new_id(),
        "patient_id": outcomes.patient,
    }
    await outcomes.hear(
        AppointmentBooked(**whose, start=timestamp(start), end=timestamp(start + timedelta(minutes=30)))
    )
    return whose


async def tasks(outcomes: Outcomes) -> dict[str, JsonObject]:
    """The Tasks by the (first) questionnaire they ask for."""
    return {names(one)[0]: one for one in await outcomes.find("Task")}


async def test_a_booking_heard_twice_makes_each_questionnaire_due_once(outcomes: Outcomes) -> None:
    whose = await booked(outcomes)
    made = await outcomes.find("Task")
    assert len(made) == len(questionnaires_due().before_visit)
    for task in made:
        assert validate(task) == []
        Task.model_validate_json(json.dump(task))
        assert task["basedOn"] == [{"reference": f"Appointment/{whose['appointment_id']}"}]
        assert task["encounter"] == {"reference": f"Encounter/{whose['encounter_id']}"}
        assert task["restriction"]["period"]["end"] == utc(VISIT)
        assert (task["status"], task["owner"]) == ("requested", task["for"])
    screening = next(one for one in made if len(names(one)) > 1)
    assert names(screening) == [f"red-flags-{region}" for region in screenings()], (
        "the region is not known yet"
    )
    pain = (await tasks(outcomes))["nprs"]
    questionnaire = await outcomes.send("GET", pain["focus"]["reference"], None, 200)
    asked = pain["input"][0]["valueCanonical"]
    assert asked == f"{questionnaire['url']}|{questionnaire['version']}"


async def test_answers_close_what_they_answer_in_their_commit(outcomes: Outcomes) -> None:
    await booked(outcomes)
    draft = await outcomes.post(answered(NPRS, [3], status="in-progress", authored=utc(START)))
    assert (await tasks(outcomes))["nprs"]["status"] == "requested"
    await outcomes.put({**draft, "status": "completed"})
    closed = (await tasks(outcomes))["nprs"]
    assert closed["status"] == "completed"
    assert closed["output"][0]["valueReference"] == {"reference": f"QuestionnaireResponse/{draft['id']}"}
    assert validate(closed) == []
    await outcomes.post(ticks("knee", {"locked": False}, authored=utc(START)))
    open_now = [names(one)[0] for one in await outcomes.find("Task") if one["status"] == "requested"]
    assert sorted(open_now) == ["phq-2", "psfs"], "any one screening answers the question for one"


async def test_what_was_answered_lately_is_not_asked_again_and_the_region_is_remembered(
    outcomes: Outcomes,
) -> None:
    await outcomes.post(answered(NPRS, [3], authored=utc(START)))
    await outcomes.post(ticks("knee", {"locked": False}, authored=utc(START - timedelta(days=60))))
    await booked(outcomes)
    assert sorted(await tasks(outcomes)) == ["phq-2", "psfs", "red-flags-knee"]


async def test_an_answer_from_before_the_time_it_counts_does_not_close(outcomes: Outcomes) -> None:
    await booked(outcomes)
    await outcomes.post(answered(NPRS, [3], authored=utc(VISIT - timedelta(days=4))))
    assert (await tasks(outcomes))["nprs"]["status"] == "requested"
    await outcomes.post(answered(NPRS, [3], authored=utc(VISIT + timedelta(hours=1))))
    assert (await tasks(outcomes))["nprs"]["status"] == "completed", "late is better than never"


async def test_a_moved_visit_moves_what_is_open(outcomes: Outcomes) -> None:
    whose = await booked(outcomes)
    await outcomes.post(answered(NPRS, [3], authored=utc(START)))
    later = VISIT + timedelta(days=7)
    await outcomes.hear(
        AppointmentRescheduled(**whose, start=timestamp(later), end=timestamp(later + timedelta(minutes=30)))
    )
    by_name = await tasks(outcomes)
    period = by_name["psfs"]["restriction"]["period"]
    assert period == {"start": utc(later - timedelta(days=30)), "end": utc(later)}
    assert by_name["nprs"]["restriction"]["period"]["end"] == utc(VISIT)


@pytest.mark.parametrize("gone", [AppointmentCancelled, AppointmentNoShow])
async def test_a_visit_that_does_not_take_place_needs_no_questionnaires(
    outcomes: Outcomes, gone: Any
) -> None:
    whose = await booked(outcomes)
    await outcomes.post(answered(NPRS, [3], authored=utc(START)))
    await outcomes.hear(gone(**whose))
    statuses = {name: task["status"] for name, task in (await tasks(outcomes)).items()}
    assert statuses.pop("nprs") == "completed"
    assert set(statuses.values()) == {"cancelled"}


async def test_follow_up_is_due_once_after_however_many_visits(outcomes: Outcomes) -> None:
    for day in (0, 7):
        end = START + timedelta(days=day)
        finished = SessionFinished(encounter_id=new_id(), patient_id=outcomes.patient, end=timestamp(end))
        await outcomes.hear(finished)
    by_name = await tasks(outcomes)
    assert sorted(by_name) == ["nprs", "psfs"]
    assert len(await outcomes.find("Task")) == 2
    stated = questionnaires_due().after_visit[0].within_days
    last = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert by_name["nprs"]["restriction"]["period"] == {
        "start": utc(last),
        "end": utc(last + timedelta(days=stated)),
    }
