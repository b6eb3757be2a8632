"""A programme, prescription or proposal of ours stays one, of the same patient; nobody writes it out of its rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.exercise_prescription.domain.prescribed import is_prescription
from services.exercise_prescription.domain.proposal import is_proposal
from services.exercise_prescription.lifecycles import is_programme
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.fhir.json import JsonObject

_OURS = {"CarePlan": is_programme, "ServiceRequest": is_prescription, "RequestGroup": is_proposal}
_KEPT = {
    "CarePlan": ("subject",),
    "ServiceRequest": ("subject", "basedOn"),
    "RequestGroup": ("subject", "basedOn", "action", "reasonCode"),
}
_EVIDENCE = "reasonReference"
"""Grows with the logs that are heard; nobody else changes it."""


def was_ours(change: Change) -> bool:
    """Whether something of ours is changed or deleted."""
    return change.before is not None and _OURS[change.type](change.before.content)


@rule("CarePlan", "ServiceRequest", "RequestGroup", when=was_ours)
def what_is_ours_stays_so(change: Change) -> Iterator[Verdict]:
    """What was prescribed in error is marked entered-in-error, not deleted."""
    assert change.before is not None
    if change.after is None:
        yield Refuse(f"A {change.type} of a programme is not deleted; mark it entered-in-error.")
        return
    before, after = change.before.content, change.after.content
    if not _OURS[change.type](after):
        yield Refuse("It cannot lose its profile.", f"{change.type}.meta.profile")
    evidence = (_EVIDENCE,) if change.type == "RequestGroup" and not change.heard else ()
    for element in (*_KEPT[change.type], *evidence):
        if before.get(element) != after.get(element):
            yield Refuse(f"{element} cannot change.", f"{change.type}.{element}")
    if change.type == "ServiceRequest" and _exercise(before) != _exercise(after):
        yield Refuse("Another exercise is another prescription.", "ServiceRequest.instantiatesCanonical")


def _exercise(request: JsonObject) -> list[Any]:
    return [str(canonical).partition("|")[0] for canonical in request.get("instantiatesCanonical", ())]
