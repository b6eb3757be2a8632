"""A named clinician accepts or declines a proposed dose; accepted, it is the prescription's in the same commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.exercise_prescription.domain.prescribed import prescribed, with_dose
from services.exercise_prescription.domain.proposal import (
    ACCEPTED,
    DECLINED,
    decision_of,
    is_about,
    is_proposal,
    proposed_dose,
)
from services.exercise_prescription.domain.terms import DECIDED_BY, DECISION
from telerehab.canonical import extension_value, with_extension
from telerehab.change import Change, Refuse, Verdict, Write, rule
from telerehab.fhir.json import JsonObject

CLINICIANS = ("Practitioner/", "PractitionerRole/")
AT = f"RequestGroup.extension('{DECIDED_BY}')"


def is_made(change: Change) -> bool:
    """Whether a proposal is made by somebody who heard of no log."""
    return change.before is None and not change.heard and is_proposal(change.content)


def is_decided(change: Change) -> bool:
    """Whether somebody accepts, declines or strikes a proposal; one that a handler withdraws is not decided."""
    return (
        change.after is not None
        and change.before is not None
        and not change.heard
        and is_proposal(change.content)
        and change.became("status") in (ACCEPTED, DECLINED, "entered-in-error")
    )


@rule("RequestGroup", when=is_made)
def proposal_to_raise_a_dose_follows_from_logs(change: Change) -> Iterator[Verdict]:
    """So none exists through a red flag, missing data or a pause: the handler that makes it looks."""
    if decision_of(change.content) not in ("regress", "pause"):
        yield Refuse(
            "A dose is proposed to rise by what was logged only; a clinician changes the prescription."
        )


@rule("RequestGroup", find={"clinician": "RequestGroup.extension.valueReference"}, when=is_decided)
def proposal_is_decided_by_a_named_clinician(change: Change) -> Iterator[Verdict]:
    """Who decided is somebody known."""
    named = str((extension_value(change.content, DECIDED_BY) or {}).get("reference", ""))
    if not named.startswith(CLINICIANS):
        yield Refuse("A proposal is decided by a named clinician: say who.", AT, "required")
    elif named not in {found.reference for found in change.found["clinician"]}:
        yield Refuse(f"{named} is not known here.", AT, "not-found")


def is_accepted(change: Change) -> bool:
    """Whether somebody accepts a proposal."""
    return is_decided(change) and change.content["status"] == ACCEPTED


@rule("RequestGroup", find={"prescription": "RequestGroup.basedOn"}, when=is_accepted)
def accepted_proposal_changes_its_prescription(change: Change) -> Iterator[Verdict]:
    """One that speaks of a dose or a state that is no more cannot be accepted."""
    requests = change.found["prescription"]
    if len(requests) != 1 or requests[0].content["status"] != "active":
        yield Refuse("The exercise is not active.", "RequestGroup.basedOn", "conflict", 409)
    elif not is_about(change.content, requests[0].content):
        yield Refuse("The dose has changed since this was proposed.", "RequestGroup.action", "conflict", 409)
    else:
        yield Write(_changed(requests[0].content, change.content))


def _changed(request: JsonObject, group: JsonObject) -> JsonObject:
    decision = decision_of(group)
    changed = with_extension(request, {"url": DECISION, "valueCode": decision})
    changed["requester"] = extension_value(group, DECIDED_BY)
    if decision == "pause":
        return {**changed, "status": "on-hold"}
    dose = proposed_dose(group)
    return changed if dose is None else with_dose(changed, replace(prescribed(request), dose=dose))
