"""Nothing begins while an alert is open or against a contraindication, unless a named clinician says why."""

from __future__ import annotations

from typing import Any

import pytest

from services.exercise_prescription.domain.terms import OVERRIDE, PRECAUTION
from telerehab.fhir.json import JsonObject
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertAcknowledged, SafetyAlertRaised
from tests.services.exercise_prescription.clinic import CLINICIAN, PATIENT, Clinic
from tests.services.exercise_prescription.test_apply import assert_valid

HIP = "52734007"
REASON = {"text": "Seen in person: the surgeon has released the hip."}
WHERE = f"extension('{OVERRIDE}')"


def alert(kind: type[Any], issue: str = "issue-1") -> Any:
    return kind(detected_issue_id=issue, task_id="task", patient_id=PATIENT.removeprefix("Patient/"))


def override(known: str, reason: JsonObject | None = REASON) -> JsonObject:
    parts: list[JsonObject] = [{"name": "known", "valueString": known}]
    parts += [{"name": "reason", "valueCodeableConcept": reason}] if reason else []
    return {"name": "override", "part": parts}


async def activate(
    clinic: Clinic, draft: JsonObject, *overrides: JsonObject, status: int = 200, by: str | None = CLINICIAN
) -> JsonObject:
    given = [{"name": "practitioner", "valueString": by}] if by else []
    body = {"resourceType": "Parameters", "parameter": [*given, *overrides]}
    return await clinic.call("POST", f"CarePlan/{draft['id']}/$activate", body, status)


async def new_hip(clinic: Clinic, days_ago: str = "") -> str:
    """A hip replacement of the patient, without a date: then it holds."""
    content = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": HIP}]},
        "subject": {"reference": PATIENT},
    }
    return f"Procedure/{(await clinic.call('POST', 'Procedure', content, 201))['id']}"


def refusals(answer: JsonObject) -> list[tuple[str, str]]:
    errors = [issue for issue in answer["issue"] if issue["severity"] == "error"]
    return [(issue["diagnostics"], issue["expression"][0]) for issue in errors]


async def statuses(clinic: Clinic, draft: JsonObject) -> set[str]:
    programme = await clinic.call("GET", f"CarePlan/{draft['id']}")
    return {programme["status"], *(one["status"] for one in await clinic.requests(programme))}


async def test_a_programme_begins_by_operation_as_by_update(clinic: Clinic) -> None:
    draft = await clinic.apply(practitioner=("valueString", None))
    begun = await activate(clinic, draft)
    assert begun["author"] == {"reference": CLINICIAN}
    assert await statuses(clinic, draft) == {"active"}
    assert_valid(begun)


async def test_an_open_alert_keeps_a_programme_from_beginning_until_a_human_has_it(clinic: Clinic) -> None:
    draft = await clinic.apply()
    await clinic.hear(alert(SafetyAlertRaised))
    for answer in (
        await activate(clinic, draft, status=422),
        await clinic.call("PUT", f"CarePlan/{draft['id']}", {**draft, "status": "active"}, 422),
    ):
        ((says, where),) = refusals(answer)
        assert "DetectedIssue/issue-1" in says
        assert where == f"CarePlan.{WHERE}"
    assert await statuses(clinic, draft) == {"draft"}
    await clinic.hear(alert(SafetyAlertAcknowledged))
    await activate(clinic, draft)
    assert await statuses(clinic, draft) == {"active"}


async def test_what_is_missing_can_be_asked_without_beginning(clinic: Clinic) -> None:
    draft = await clinic.apply()
    await clinic.hear(alert(SafetyAlertRaised))
    wanted = {**draft, "status": "active"}
    answer = await clinic.call("POST", f"CarePlan/{draft['id']}/$validate?mode=update", wanted)
    assert [where for _, where in refusals(answer)] == [f"CarePlan.{WHERE}"]
    assert await statuses(clinic, draft) == {"draft"}


async def test_an_override_is_kept_and_covers_nothing_that_comes_later(clinic: Clinic) -> None:
    draft = await clinic.apply()
    await clinic.hear(alert(SafetyAlertRaised))
    await clinic.hear(alert(SafetyAlertRaised, "issue-2"))
    answer = await activate(clinic, draft, override("DetectedIssue/issue-1"), status=422)
    assert ["issue-2" in says for says, _ in refusals(answer)] == [True]
    both = [override("DetectedIssue/issue-1"), override("DetectedIssue/issue-2")]
    begun = await activate(clinic, draft, *both)
    assert_valid(begun)
    kept = [one["extension"] for one in begun["extension"] if one["url"] == OVERRIDE]
    assert [parts[0]["valueReference"]["reference"] for parts in kept] == [
        "DetectedIssue/issue-1",
        "DetectedIssue/issue-2",
    ]
    for parts in kept:
        assert parts[1]["valueCodeableConcept"] == REASON
        assert parts[2]["valueReference"] == {"reference": CLINICIAN}
        assert parts[3]["valueDateTime"]
    paused = await clinic.call("PUT", f"CarePlan/{draft['id']}", {**begun, "status": "on-hold"})
    await clinic.hear(alert(SafetyAlertRaised, "issue-3"))
    resumed = await clinic.call("PUT", f"CarePlan/{draft['id']}", {**paused, "status": "active"}, 422)
    assert ["issue-3" in says for says, _ in refusals(resumed)] == [True]


@pytest.mark.parametrize(
    "changed",
    [
        {"by": "Practitioner/other"},
        {"by": PATIENT},
        {"reason": {"text": " "}},
        {"reason": {"coding": [{"code": "assessed"}]}},
        {"known": "DetectedIssue/other"},
    ],
    ids=lambda changed: str(changed),
)
async def test_an_override_that_is_none_does_not_begin_anything(
    clinic: Clinic, changed: dict[str, Any]
) -> None:
    draft = await clinic.apply()
    await clinic.hear(alert(SafetyAlertRaised))
    stated: dict[str, Any] = {"known": "DetectedIssue/issue-1", "reason": REASON, "by": CLINICIAN, **changed}
    parts = [
        {"url": "known", "valueReference": {"reference": stated["known"]}},
        {"url": "reason", "valueCodeableConcept": stated["reason"]},
        {"url": "by", "valueReference": {"reference": stated["by"]}},
    ]
    wanted = {**draft, "status": "active"}
    wanted["extension"] = [*draft["extension"], {"url": OVERRIDE, "extension": parts}]
    answer = await clinic.call("PUT", f"CarePlan/{draft['id']}", wanted, 422)
    assert [where for _, where in refusals(answer)] == [f"CarePlan.{WHERE}"]


async def test_a_contraindication_is_named_when_applied_and_refused_when_begun(clinic: Clinic) -> None:
    hip = await new_hip(clinic)
    draft = await clinic.apply()
    assert draft["supportingInfo"] == [{"reference": hip}]
    named = {}
    for request in await clinic.requests(draft):
        assert_valid(request)
        stated = [one["extension"] for one in request["extension"] if one["url"] == PRECAUTION]
        named[request["code"]["text"]] = [
            (parts[0]["valueCode"], parts[2]["valueCode"], parts[3]["valueReference"]["reference"])
            for parts in stated
        ]
    assert named["Sit to stand"] == named["Clamshell"] == [("block", "hip-replacement", hip)]
    assert named["Bridge"] == []
    ((says, where),) = refusals(await activate(clinic, draft, status=422))
    assert "hip-replacement" in says
    assert hip in says
    assert "Clamshell, Sit to stand" in says
    assert where == f"CarePlan.{WHERE}"
    await activate(clinic, draft, override(hip))
    assert await statuses(clinic, draft) == {"active"}


async def test_a_contraindication_that_comes_after_the_draft_is_judged_when_it_begins(clinic: Clinic) -> None:
    draft = await clinic.apply()
    hip = await new_hip(clinic)
    ((says, _),) = refusals(await activate(clinic, draft, status=422))
    assert hip in says


async def test_an_exercise_that_is_left_out_stands_in_nobodys_way(clinic: Clinic) -> None:
    await new_hip(clinic)
    draft = await clinic.apply()
    for request in await clinic.requests(draft):
        if any(one["url"] == PRECAUTION for one in request["extension"]):
            await clinic.call("PUT", f"ServiceRequest/{request['id']}", {**request, "status": "revoked"})
    current = await clinic.call("GET", f"CarePlan/{draft['id']}")
    await activate(clinic, current)
    assert await statuses(clinic, draft) == {"active", "revoked"}


async def test_what_is_known_of_a_merged_patient_counts_under_either_id(clinic: Clinic) -> None:
    draft = await clinic.apply()
    hip = await new_hip(clinic)
    await clinic.call("PUT", "Patient/kept", {"resourceType": "Patient", "id": "kept"}, 201)
    merged = {"resourceType": "Patient", "id": "anna", "active": False}
    merged["link"] = [{"other": {"reference": "Patient/kept"}, "type": "replaced-by"}]
    await clinic.call("PUT", PATIENT, merged)
    ((says, _),) = refusals(await activate(clinic, draft, status=422))
    assert hip in says


async def test_another_patients_history_and_alerts_are_nothing(clinic: Clinic) -> None:
    await clinic.call("PUT", "Patient/ben", {"resourceType": "Patient", "id": "ben"}, 201)
    await new_hip(clinic)
    await clinic.hear(alert(SafetyAlertRaised))
    draft = await clinic.apply(subject=("valueString", "Patient/ben"))
    await activate(clinic, draft)
    assert await statuses(clinic, draft) == {"active"}


async def test_one_exercise_is_resumed_against_a_danger_sign_no_more_than_a_programme(clinic: Clinic) -> None:
    programme = await clinic.activated()
    request = (await clinic.requests(programme))[0]
    place = f"ServiceRequest/{request['id']}"
    paused = await clinic.call("PUT", place, {**request, "status": "on-hold"})
    assert paused["status"] == "on-hold"
    await clinic.hear(alert(SafetyAlertRaised))
    answer = await clinic.call("PUT", place, {**paused, "status": "active"}, 422)
    assert [where for _, where in refusals(answer)] == [f"ServiceRequest.{WHERE}"]
    await clinic.hear(alert(SafetyAlertAcknowledged))
    resumed = await clinic.call("PUT", place, {**paused, "status": "active"})
    assert resumed["status"] == "active"


@pytest.mark.parametrize(
    ("by", "overrides", "status"),
    [
        (None, [], 400),
        ("lee", [], 400),
        (PATIENT, [], 400),
        ("Device/1", [], 400),
        ("Practitioner/nobody", [], 422),
        (CLINICIAN, [override("issue-1")], 400),
        (CLINICIAN, [override("Observation/1")], 400),
        (CLINICIAN, [override("DetectedIssue/1", None)], 400),
        (CLINICIAN, [override("DetectedIssue/1", {"coding": [{"code": "x"}]})], 422),
        (CLINICIAN, [override("DetectedIssue/1", {"text": "  "})], 422),
        (CLINICIAN, [{"name": "force", "valueBoolean": True}], 400),
    ],
)
async def test_bad_input_of_activate_is_refused(
    clinic: Clinic, by: str | None, overrides: list[JsonObject], status: int
) -> None:
    draft = await clinic.apply()
    answer = await activate(clinic, draft, *overrides, status=status, by=by)
    assert answer["resourceType"] == "OperationOutcome"
    assert answer["issue"][0]["expression"]
    assert await statuses(clinic, draft) == {"draft"}
    assert (await clinic.call("GET", f"CarePlan/{draft['id']}"))["meta"]["versionId"] == "1"


async def test_what_is_over_or_none_of_ours_is_not_begun(clinic: Clinic) -> None:
    draft = await clinic.apply()
    revoked = await clinic.call("PUT", f"CarePlan/{draft['id']}", {**draft, "status": "revoked"})
    await activate(clinic, revoked, status=422)
    theirs = {"resourceType": "CarePlan", "status": "draft", "intent": "plan", "subject": draft["subject"]}
    await activate(clinic, await clinic.call("POST", "CarePlan", theirs, 201), status=422)


# Goals


async def goals_of(clinic: Clinic, programme: JsonObject) -> list[JsonObject]:
    return [await clinic.call("GET", one["reference"]) for one in programme["goal"]]


async def test_a_programme_has_the_goals_of_its_protocol_with_their_targets(clinic: Clinic) -> None:
    draft = await clinic.apply()
    goals = await goals_of(clinic, draft)
    for goal in goals:
        assert_valid(goal)
        assert goal["subject"] == {"reference": PATIENT}
        assert (goal["lifecycleStatus"], goal["startDate"]) == ("proposed", "2026-03-02")
    stated = {
        goal["identifier"][0]["value"]: (
            goal["target"][0]["measure"]["coding"][0]["code"],
            goal["target"][0]["detailQuantity"]["value"],
            goal["target"][0]["dueDate"],
        )
        for goal in goals
    }
    assert stated == {  # hip-oa.toml, twelve weeks after 2 March
        "less-pain": ("nprs", -2, "2026-05-25"),
        "own-activities": ("psfs", 2, "2026-05-25"),
        "standing-up": ("30s-chair-stand", 2, "2026-05-25"),
    }


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], "proposed"),
        (["active"], "active"),
        (["active", "on-hold"], "on-hold"),
        (["active", "on-hold", "active"], "active"),
        (["active", "completed"], "active"),
        (["active", "revoked"], "cancelled"),
        (["revoked"], "cancelled"),
        (["entered-in-error"], "entered-in-error"),
    ],
)
async def test_goals_follow_their_programme(clinic: Clinic, steps: list[str], expected: str) -> None:
    programme = await clinic.apply()
    for status in steps:
        programme = await clinic.call("PUT", f"CarePlan/{programme['id']}", {**programme, "status": status})
    assert {goal["lifecycleStatus"] for goal in await goals_of(clinic, programme)} == {expected}


async def test_a_later_phase_goes_on_with_the_goals_that_are_pursued(clinic: Clinic) -> None:
    first = await clinic.activated()
    later: dict[str, Any] = {"phase": ("valueCode", "strengthen"), "start": ("valueDate", "2026-03-30")}
    second = await clinic.apply(**later)
    assert second["goal"] == first["goal"]
    await clinic.call("PUT", f"CarePlan/{second['id']}", {**second, "status": "revoked"})
    assert {goal["lifecycleStatus"] for goal in await goals_of(clinic, first)} == {"active"}, (
        "not the draft's"
    )


async def test_a_later_phase_alone_is_due_as_many_weeks_earlier(clinic: Clinic) -> None:
    programme = await clinic.apply(phase=("valueCode", "strengthen"))
    due = {goal["target"][0]["dueDate"] for goal in await goals_of(clinic, programme)}
    assert due == {"2026-04-27"}, "twelve weeks less the four before the phase"
