"""The prescriptions of a programme begin, pause and end with it, in the same commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.exercise_prescription.domain.prescribed import is_prescription
from services.exercise_prescription.domain.terms import DECISION
from services.exercise_prescription.lifecycles import is_programme
from services.exercise_prescription.lifecycles import prescription as lifecycle
from telerehab.canonical import extension_value
from telerehab.change import Change, Verdict, Write, rule
from telerehab.fhir.json import JsonObject

FOLLOWED: Mapping[str, frozenset[str]] = {
    "active": frozenset({"draft", "on-hold"}),
    "on-hold": frozenset({"active"}),
    "completed": frozenset({"active", "on-hold"}),
    "revoked": frozenset({"draft", "active", "on-hold"}),
    "entered-in-error": frozenset({"draft", "active", "on-hold", "completed", "revoked"}),
}
"""From which of its own states a prescription follows its programme into a state; others it has left by itself."""


def is_programme_change(change: Change) -> bool:
    """Whether a programme of ours is written."""
    return change.after is not None and is_programme(change.content)


@rule("CarePlan", find={"prescriptions": "CarePlan.activity.reference"}, when=is_programme_change)
def prescriptions_follow_their_programme(change: Change) -> Iterator[Verdict]:
    """An exercise that was paused for itself is not resumed with its programme: a clinician resumes it."""
    status = change.content["status"]
    for found in change.found["prescriptions"]:
        request = found.content
        if found.type != "ServiceRequest" or not is_prescription(request):
            continue
        if request["status"] not in FOLLOWED.get(status, ()) or _paused_for_itself(request, status):
            continue
        if lifecycle.allows(request["status"], status):
            yield Write(_following(request, change.content))


def _paused_for_itself(request: JsonObject, status: str) -> bool:
    return status == "active" and extension_value(request, DECISION) == "pause"


def _following(request: JsonObject, programme: JsonObject) -> JsonObject:
    followed = {**request, "status": programme["status"]}
    if programme["status"] == "active" and "author" in programme:
        followed["requester"] = programme["author"]
    return followed
