"""Logs make proposals, a named clinician decides, and the order, doubling and lateness of logs are nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.exercise_prescription.domain.terms import DECIDED_BY
from services.exercise_prescription.periodic.look_for_gaps import look_for_gaps
from telerehab.access import Caller
from telerehab.event import timestamp
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import (
    ExerciseLogged,
    SafetyAlertAcknowledged,
    SafetyAlertRaised,
)
from tests.services.exercise_prescription.clinic import CLINICIAN, PATIENT, Clinic
from tests.services.exercise_prescription.test_apply import assert_valid

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=0)
START = TODAY - timedelta(days=21)
PLANNED = [day for day in range(1, 22) if (day - 1) % 7 in (0, 2, 4)]
BRIDGE = "bridge"
CALLER = Caller("exercise_prescription/look_for_gaps", "request-1")
ACCEPT: dict[str, Any] = {"decision": ("valueCode", "accept"), "practitioner": ("valueString", CLINICIAN)}
DECLINE = {**ACCEPT, "decision": ("valueCode", "decline")}


async def programme(clinic: Clinic) -> tuple[dict[str, Any], dict[str, Any]]:
    """An active programme that began three weeks ago, and its bridge, whose form was good."""
    care_plan = await clinic.activated(
        start=("valueDate", f"{START:%Y-%m-%d}"), timezone=("valueCode", "UTC")
    )
    request = next(one for one in await clinic.requests(care_plan) if BRIDGE in str(one["code"]))
    request = await clinic.operate(
        f"ServiceRequest/{request['id']}/$check-form",
        good=("valueBoolean", True),
        practitioner=("valueString", CLINICIAN),
    )
    return care_plan, request


def log(request: dict[str, Any], day: int, **told: Any) -> ExerciseLogged:
    """The log of a bout that went well, on a day of the programme, but for what is told."""
    good: dict[str, Any] = {
        "source": f"Observation/log-{day}",
        "source_version": 1,
        "client_id": f"client-{day}",
        "completion_percent": 100,
        "pain_before": 1,
        "pain": 2,
        "pain_after": 1,
        "pain_next_morning": 1,
        "exertion": 5,
        "done": timestamp(START + timedelta(days=day - 1, hours=0 if day > 21 else 8)),
    }
    said = {
        **good,
        "patient_id": PATIENT.removeprefix("Patient/"),
        "service_request_id": request["id"],
        **told,
    }
    return ExerciseLogged(**{name: value for name, value in said.items() if value is not None})


def part(request: dict[str, Any], name: str) -> Any:
    dose = next(one for one in request["extension"] if one["url"].endswith("/exercise-dose"))
    stated = next(one for one in dose["extension"] if one["url"] == name)
    return next(value for key, value in stated.items() if key != "url")


async def test_good_bouts_propose_one_step_and_a_clinician_takes_it(clinic: Clinic) -> None:
    care_plan, request = await programme(clinic)
    for day in PLANNED:
        await clinic.hear(log(request, day))
    (proposed,) = await clinic.proposals()
    assert_valid(proposed)
    assert (proposed["intent"], proposed["priority"]) == ("proposal", "routine")
    assert proposed["reasonCode"][0]["coding"][0]["code"] == "ready"
    assert {"reference": "Observation/log-19"} in proposed["reasonReference"]
    assert part(request, "repetitions") == 10
    assert part(proposed["action"][0], "repetitions") == 11

    decided = await clinic.operate(f"RequestGroup/{proposed['id']}/$decide", **ACCEPT)
    assert decided["status"] == "completed"
    assert_valid(decided)
    changed = await clinic.call("GET", f"ServiceRequest/{request['id']}")
    assert part(changed, "repetitions") == 11
    assert changed["requester"] == {"reference": CLINICIAN}
    assert int(changed["meta"]["versionId"]) == int(request["meta"]["versionId"]) + 1
    said = (await clinic.said("ProgrammeChanged"))[-1]
    assert said.care_plan_version == int(care_plan["meta"]["versionId"]) + 1
    assert {one.repetitions for one in said.exercises if one.service_request_id == request["id"]} == {11}
    await clinic.operate(f"RequestGroup/{proposed['id']}/$decide", 409, **ACCEPT)


async def test_a_pain_spike_is_answered_at_once_and_withdraws_what_was_ready(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    for day in PLANNED:
        await clinic.hear(log(request, day))
    await clinic.hear(log(request, 21, pain=8))
    (proposed,) = await clinic.proposals()
    revoked = await clinic.proposals("revoked")
    assert "ready" in [group["reasonCode"][0]["coding"][0]["code"] for group in revoked]
    assert proposed["reasonCode"][0]["coding"][0]["code"] == "red"
    assert proposed["priority"] == "urgent"
    await clinic.operate(f"RequestGroup/{proposed['id']}/$decide", **ACCEPT)
    assert part(await clinic.call("GET", f"ServiceRequest/{request['id']}"), "repetitions") == 8


async def test_two_reds_propose_a_pause_that_only_the_exercise_itself_ends(clinic: Clinic) -> None:
    care_plan, request = await programme(clinic)
    for day in PLANNED:
        await clinic.hear(log(request, day, pain=7 if day > 15 else 2))
    (proposed,) = await clinic.proposals()
    assert proposed["reasonCode"][0]["coding"][0]["code"] == "two-reds"
    await clinic.operate(f"RequestGroup/{proposed['id']}/$decide", **ACCEPT)
    for status in ("on-hold", "active"):
        care_plan = await clinic.call("GET", f"CarePlan/{care_plan['id']}")
        await clinic.call("PUT", f"CarePlan/{care_plan['id']}", {**care_plan, "status": status})
    statuses = {one["id"]: one["status"] for one in await clinic.requests(care_plan)}
    assert statuses.pop(request["id"]) == "on-hold"
    assert set(statuses.values()) == {"active"}
    paused = await clinic.call("GET", f"ServiceRequest/{request['id']}")
    resumed = await clinic.call("PUT", f"ServiceRequest/{request['id']}", {**paused, "status": "active"})
    assert resumed["status"] == "active"


@pytest.mark.parametrize("seed", range(4))
async def test_order_doubling_and_lateness_never_matter(clinic: Clinic, seed: int) -> None:
    _, request = await programme(clinic)
    logs = [log(request, day) for day in PLANNED]
    first = log(request, 19, pain=7, source_version=1)
    logs = [*logs[:-1], first, log(request, 19, source_version=2), log(request, 8, source="Observation/copy")]
    for message in Random(seed).choices(logs, k=5) + Random(seed).sample(logs, k=len(logs)):
        await clinic.hear(message)
    (proposed,) = await clinic.proposals()
    assert proposed["reasonCode"][0]["coding"][0]["code"] == "ready"


async def test_the_same_event_twice_is_one(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    identity = "01890a5d-ac96-774b-bcce-b302099a8057"
    for _ in range(2):
        await clinic.hear(log(request, 19, pain=7), identity)
    assert len(await clinic.proposals()) == 1
    assert not await clinic.proposals("revoked")


async def test_who_stops_logging_gets_less_proposed_by_time_alone_and_once(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    for day in PLANNED:
        await clinic.hear(log(request, day))
    (ready,) = await clinic.proposals()
    await clinic.operate(f"RequestGroup/{ready['id']}/$decide", **DECLINE)
    later = datetime.now(UTC) + timedelta(days=7)
    clinic.engine.clock = lambda: later
    for _ in range(2):
        await clinic.engine.run(CALLER, look_for_gaps.perform)
    (proposed,) = await clinic.proposals()
    assert proposed["reasonCode"][0]["coding"][0]["code"] == "gap-step-back"
    await clinic.operate(f"RequestGroup/{proposed['id']}/$decide", **DECLINE)
    await clinic.engine.run(CALLER, look_for_gaps.perform)
    assert not await clinic.proposals(), "it was declined, and nothing is new"


async def test_time_alone_raises_and_withdraws_nothing(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    for day in PLANNED:
        await clinic.hear(log(request, day))
    before = await clinic.proposals()
    await clinic.engine.run(CALLER, look_for_gaps.perform)
    assert await clinic.proposals() == before
    await clinic.operate(f"RequestGroup/{before[0]['id']}/$decide", **DECLINE)
    await clinic.engine.run(CALLER, look_for_gaps.perform)
    assert not await clinic.proposals()


async def test_another_patients_log_says_nothing_of_a_prescription(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    await clinic.hear(log(request, 19, pain=7, patient_id="ben"))
    assert not await clinic.proposals()
    await clinic.hear(log(request, 17))
    assert not await clinic.proposals()
    await clinic.hear(log(request, 19, pain=7))
    assert len(await clinic.proposals()) == 1, "the patient's own does"


async def test_a_withdrawn_log_tells_nothing(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    await clinic.hear(log(request, 19, pain=7))
    assert len(await clinic.proposals()) == 1
    await clinic.hear(log(request, 19, source_version=2, withdrawn=True))
    assert not await clinic.proposals()


def alert(kind: type[Any]) -> Any:
    return kind(detected_issue_id="issue", task_id="task", patient_id=PATIENT.removeprefix("Patient/"))


@pytest.mark.parametrize("acknowledged_first", [False, True])
async def test_no_dose_rises_while_an_alert_is_open(clinic: Clinic, acknowledged_first: bool) -> None:
    _, request = await programme(clinic)
    for day in PLANNED[:-1]:
        await clinic.hear(log(request, day))
    if acknowledged_first:
        await clinic.hear(alert(SafetyAlertAcknowledged))
    await clinic.hear(alert(SafetyAlertRaised))
    await clinic.hear(log(request, PLANNED[-1]))
    assert len(await clinic.proposals()) == acknowledged_first
    if not acknowledged_first:
        await clinic.hear(alert(SafetyAlertAcknowledged))
        await clinic.hear(log(request, PLANNED[-1], source_version=2))
        assert len(await clinic.proposals()) == 1


async def test_an_alert_withdraws_what_would_raise_a_dose_and_nothing_else(clinic: Clinic) -> None:
    care_plan, request = await programme(clinic)
    other = next(one for one in await clinic.requests(care_plan) if "clamshell" in str(one["code"]))
    for day in PLANNED:
        await clinic.hear(log(request, day))
    await clinic.hear(log(other, 19, pain=7, source="Observation/other", client_id="other"))
    assert len(await clinic.proposals()) == 2
    await clinic.hear(alert(SafetyAlertRaised))
    (left,) = await clinic.proposals()
    assert left["reasonCode"][0]["coding"][0]["code"] == "red"


async def test_what_was_declined_is_not_proposed_again_at_once(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    for day in PLANNED:
        await clinic.hear(log(request, day))
    (proposed,) = await clinic.proposals()
    declined = await clinic.operate(
        f"RequestGroup/{proposed['id']}/$decide", **DECLINE, comment=("valueString", "Not before the visit.")
    )
    assert (declined["status"], declined["note"][0]["authorReference"]) == (
        "revoked",
        {"reference": CLINICIAN},
    )
    await clinic.hear(log(request, 19, source_version=2))
    assert not await clinic.proposals()
    assert part(await clinic.call("GET", f"ServiceRequest/{request['id']}"), "repetitions") == 10


async def test_a_proposal_about_a_dose_that_is_no_more_cannot_be_accepted(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    await clinic.hear(log(request, 19, pain=7))
    (proposed,) = await clinic.proposals()
    dose = next(one for one in request["extension"] if one["url"].endswith("/exercise-dose"))
    next(one for one in dose["extension"] if one["url"] == "repetitions")["valuePositiveInt"] = 9
    await clinic.call("PUT", f"ServiceRequest/{request['id']}", request)
    await clinic.operate(f"RequestGroup/{proposed['id']}/$decide", 409, **ACCEPT)


async def test_logs_of_a_paused_programme_are_kept_and_propose_nothing(clinic: Clinic) -> None:
    care_plan, request = await programme(clinic)
    await clinic.call("PUT", f"CarePlan/{care_plan['id']}", {**care_plan, "status": "on-hold"})
    await clinic.hear(log(request, 19, pain=7))
    assert not await clinic.proposals()
    care_plan = await clinic.call("GET", f"CarePlan/{care_plan['id']}")
    await clinic.call("PUT", f"CarePlan/{care_plan['id']}", {**care_plan, "status": "active"})
    await clinic.hear(log(request, 17))
    (proposed,) = await clinic.proposals()
    assert proposed["reasonCode"][0]["coding"][0]["code"] == "red", "it was kept, and counts once resumed"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"practitioner": ("valueString", None)}, 400),
        ({"decision": ("valueCode", None)}, 400),
        ({"decision": ("valueCode", "perhaps")}, 400),
        ({"practitioner": ("valueString", "Practitioner/nobody")}, 422),
        ({"practitioner": ("valueString", PATIENT)}, 422),
    ],
    ids=lambda value: str(value),
)
async def test_bad_input_of_decide_is_refused(clinic: Clinic, given: dict[str, Any], status: int) -> None:
    _, request = await programme(clinic)
    await clinic.hear(log(request, 19, pain=7))
    (proposed,) = await clinic.proposals()
    answer = await clinic.operate(f"RequestGroup/{proposed['id']}/$decide", status, **{**ACCEPT, **given})
    (name,) = given
    at = f"RequestGroup.extension('{DECIDED_BY}')" if status == 422 else f"Parameters.{name}"
    assert [issue["expression"] for issue in answer["issue"]] == [[at]]
    assert await clinic.proposals() == [proposed]
    stored = await clinic.call("GET", f"ServiceRequest/{request['id']}")
    assert stored["meta"]["versionId"] == request["meta"]["versionId"]


async def test_a_proposal_is_decided_not_rewritten_and_nobody_invents_a_rise(clinic: Clinic) -> None:
    _, request = await programme(clinic)
    for day in PLANNED:
        await clinic.hear(log(request, day))
    (proposed,) = await clinic.proposals()
    place = f"RequestGroup/{proposed['id']}"
    for status in ("completed", "revoked", "entered-in-error"):
        await clinic.call("PUT", place, {**proposed, "status": status}, 422)
    await clinic.call("PUT", place, {**proposed, "reasonCode": []}, 400)
    await clinic.call("PUT", place, {**proposed, "action": [{**proposed["action"][0], "title": "More"}]}, 422)
    await clinic.call("POST", "RequestGroup", {**proposed, "status": "draft"}, 422)
    assert await clinic.proposals() == [proposed]
    assert part(await clinic.call("GET", f"ServiceRequest/{request['id']}"), "repetitions") == 10


@pytest.mark.parametrize(
    ("good", "practitioner", "status"),
    [(None, CLINICIAN, 400), (True, None, 400), (True, "Practitioner/nobody", 422), (True, PATIENT, 422)],
)
async def test_bad_input_of_check_form_is_refused(
    clinic: Clinic, good: bool | None, practitioner: str | None, status: int
) -> None:
    _, request = await programme(clinic)
    answer = await clinic.operate(
        f"ServiceRequest/{request['id']}/$check-form",
        status,
        good=("valueBoolean", good),
        practitioner=("valueString", practitioner),
    )
    lacking = "good" if good is None else "practitioner"
    assert [issue["expression"] for issue in answer["issue"]] == [[f"Parameters.{lacking}"]]
    stored = await clinic.call("GET", f"ServiceRequest/{request['id']}")
    assert stored["meta"]["versionId"] == request["meta"]["versionId"]
