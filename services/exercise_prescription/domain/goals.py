"""The goals that a protocol sets, as Goals of a patient: what is to change by how much, and until when.

https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from services.exercise_prescription.domain.terms import PROGRAMME_GOAL
from telerehab.canonical import has_profile
from telerehab.fhir.json import JsonObject
from telerehab.identity import new_id

PROPOSED, ACTIVE, ON_HOLD, CANCELLED = "proposed", "active", "on-hold", "cancelled"
PURSUED = (ACTIVE, ON_HOLD)


def is_programme_goal(goal: JsonObject) -> bool:
    """Whether a protocol set the Goal; others are the hospital's or the patient's own."""
    return has_profile(goal, PROGRAMME_GOAL)


def goals(
    plan: JsonObject,
    known: Iterable[JsonObject],
    *,
    subject: str,
    start: date,
    from_week: int,
    clinician: str | None,
) -> tuple[list[str], list[JsonObject]]:
    """References of the goals of a programme, in the plan's order, and those of them that are new.

    One that is pursued since an earlier phase (among `known`) goes on. `start` is the first day of week `from_week`.
    """
    pursued = {_name(goal): goal for goal in known if is_programme_goal(goal)}
    references: list[str] = []
    new: list[JsonObject] = []
    for stated in plan.get("goal", ()):
        goal = pursued.get((plan["url"], str(stated.get("id", ""))))
        if goal is None or goal["lifecycleStatus"] not in PURSUED:
            goal = _goal(plan, stated, subject, start, from_week, clinician)
            new.append(goal)
        references.append(f"Goal/{goal['id']}")
    return references, new


def _goal(
    plan: JsonObject, stated: JsonObject, subject: str, start: date, from_week: int, clinician: str | None
) -> JsonObject:
    goal: JsonObject = {
        "resourceType": "Goal",
        "id": new_id(),
        "meta": {"profile": [PROGRAMME_GOAL]},
        "identifier": [{"system": plan["url"], "value": str(stated.get("id", ""))}],
        "lifecycleStatus": PROPOSED,
        "description": stated["description"],
        "subject": {"reference": subject},
        "startDate": start.isoformat(),
        "target": [_target(target, start, from_week) for target in stated.get("target", ())],
    }
    if clinician and clinician.startswith(("Practitioner/", "PractitionerRole/")):
        goal["expressedBy"] = {"reference": clinician}
    return {name: value for name, value in goal.items() if value != []}


def _target(stated: JsonObject, start: date, from_week: int) -> JsonObject:
    """The change that is aimed at (a detailQuantity of the protocol is a change), with a day instead of a week."""
    target = {name: value for name, value in stated.items() if name != "due"}
    due = stated.get("due", {})
    if due.get("code") == "wk" and "value" in due:
        weeks = max(int(due["value"]) - from_week, 0)
        target["dueDate"] = (start + timedelta(weeks=weeks)).isoformat()
    return target


def _name(goal: JsonObject) -> tuple[str, str]:
    named: Mapping[str, str] = next(iter(goal.get("identifier", ())), {})
    return named.get("system", ""), named.get("value", "")
