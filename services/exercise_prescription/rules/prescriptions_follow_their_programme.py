"""The prescriptions of a programme begin, pause and end with it, in the same commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.exercise_prescription.domain.prescribed import is_prescription
from services.exercise_prescription.domain.terms import HELD
from services.exercise_prescription.lifecycles import is_programme
from services.exercise_prescription.lifecycles import prescription as lifecycle
from telerehab.canonical import extension_value, with_extension
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


def its_status_changes(change: Change) -> bool:
    """Whether a programme of ours comes into another status; one whose exercises change stays in its own."""
    return change.after is not None and is_programme(change.content) and bool(change.became("status"))


@rule("CarePlan", find={"prescriptions": "CarePlan.activity.reference"}, when=its_status_changes)
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
    paused = status == "active" and request["status"] == "on-hold"
    return paused and extension_value(request, HELD) is not True


def _following(request: JsonObject, programme: JsonObject) -> JsonObject:
    others = [one for one in request.get("extension", ()) if one.get("url") != HELD]
    followed = {**request, "status": programme["status"], "extension": others}
    if programme["status"] == "on-hold":
        followed = with_extension(followed, {"url": HELD, "valueBoolean": True})
    if programme["status"] == "active" and "author" in programme:
        followed["requester"] = programme["author"]
    return followed
