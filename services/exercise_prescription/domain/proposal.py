"""A proposal: a RequestGroup that says which dose a prescription should get, why, and from which logs that follows.

https://hl7.org/fhir/R4/requestgroup.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from clinical.dose_rules import dose_rules
from services.exercise_prescription.domain.dose import Dose
from services.exercise_prescription.domain.dose_extension import dose_extension, stated_dose
from services.exercise_prescription.domain.prescribed import Prescribed, dose_parts, in_words
from services.exercise_prescription.domain.progression import Verdict
from services.exercise_prescription.domain.terms import (
    DECIDED,
    DECIDED_BY,
    DECISION,
    DOSE,
    DOSE_PROPOSAL,
    DOSE_REASON,
    EXERCISE_THERAPY,
    FORMER_DOSE,
    REVIEW,
)
from telerehab.canonical import extension_value, extensions, has_profile, with_extension
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc

ACCEPTED, DECLINED = "completed", "revoked"
_ACTION = {"system": "http://terminology.hl7.org/CodeSystem/action-type", "code": "update"}


def is_proposal(request_group: JsonObject) -> bool:
    """Whether the RequestGroup proposes a dose of ours."""
    return has_profile(request_group, DOSE_PROPOSAL)


def proposal(
    id_: str,
    request: JsonObject,
    what: Prescribed,
    verdict: Verdict,
    evidence: Sequence[str],
    now: datetime,
) -> JsonObject:
    """A draft for the prescription `request`, which says `what`; `evidence` are references of the logs."""
    reason = next(one for one in dose_rules().reason if one.id == verdict.reason)
    made: JsonObject = {
        "resourceType": "RequestGroup",
        "id": id_,
        "meta": {"profile": [DOSE_PROPOSAL]},
        "extension": [
            {"url": DECISION, "valueCode": verdict.decision},
            {"url": REVIEW, "valueBoolean": verdict.review},
        ],
        "basedOn": [{"reference": f"ServiceRequest/{request['id']}"}],
        "status": "draft",
        "intent": "proposal",
        "priority": "routine" if verdict.decision == "progress" else "urgent",
        "code": {"coding": [EXERCISE_THERAPY], "text": what.exercise.title},
        "subject": request["subject"],
        "authoredOn": utc(now),
        "reasonCode": [{"coding": [{"system": DOSE_REASON, "code": reason.id}], "text": reason.text}],
        "action": [_action(request, what, verdict)],
    }
    return with_evidence(made, evidence)


def with_evidence(group: JsonObject, evidence: Sequence[str]) -> JsonObject:
    """The proposal resting on these logs; R4 allows Observations only."""
    seen = [{"reference": one} for one in evidence if one.startswith("Observation/")]
    return {**group, "reasonReference": seen} if seen else group


def decided(
    group: JsonObject, status: str, clinician: str, now: datetime, comment: str | None = None
) -> JsonObject:
    """The proposal accepted (ACCEPTED) or declined (DECLINED) by a named clinician."""
    made = with_extension(group, {"url": DECIDED_BY, "valueReference": {"reference": clinician}})
    made = with_extension(made, {"url": DECIDED, "valueDateTime": utc(now)})
    if comment:
        note = {"authorReference": {"reference": clinician}, "time": utc(now), "text": comment}
        made = {**made, "note": [*made.get("note", ()), note]}
    return {**made, "status": status}


def decision_of(group: JsonObject) -> str:
    """progress, regress or pause."""
    return str(extension_value(group, DECISION))


def reason_of(group: JsonObject) -> str:
    """The id of the reason in clinical/progression/dose.toml."""
    return str(next(iter(values_at(group, "reasonCode.coding.code")), ""))


def evidence_of(group: JsonObject) -> list[str]:
    """References of the logs."""
    return [str(reference) for reference in values_at(group, "reasonReference.reference")]


def prescription_reference(group: JsonObject) -> str:
    """ "ServiceRequest/id" of the prescription."""
    return str(next(iter(values_at(group, "basedOn.reference")), ""))


def proposed_dose(group: JsonObject) -> Dose | None:
    """The dose proposed, None where none is (a pause, a review)."""
    action = group["action"][0]
    return stated_dose(action) if extensions(action, DOSE) else None


def is_about(group: JsonObject, request: JsonObject) -> bool:
    """Whether it still speaks of the dose that the prescription has."""
    former = [one.get("extension") for one in extensions(group["action"][0], FORMER_DOSE)]
    return former == [one.get("extension") for one in extensions(request, DOSE)]


def _action(request: JsonObject, what: Prescribed, verdict: Verdict) -> JsonObject:
    parts = list(dose_parts(what.exercise, what.effort, what.pain_limit))
    former = dose_extension(what.dose, what.exercise, *parts)
    stated = [{**former, "url": FORMER_DOSE}]
    words = "Pause this exercise until a clinician has reviewed it."
    if verdict.dose is not None:
        stated.append(dose_extension(verdict.dose, what.exercise, *parts))
        words = in_words(
            Prescribed(what.exercise, verdict.dose, what.schedule, what.effort, what.pain_limit, what.side)
        )
    elif verdict.decision == "regress":
        words = "The dose is at its lowest: review this exercise."
    return {
        "extension": stated,
        "title": what.exercise.title,
        "description": words,
        "type": {"coding": [_ACTION]},
        "resource": {"reference": f"ServiceRequest/{request['id']}"},
    }
