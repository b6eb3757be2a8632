"""The lifecycles of an exercise programme prescribed here, of its prescriptions, and of proposals to change them.

https://hl7.org/fhir/R4/valueset-request-status.html
"""

from __future__ import annotations

from services.exercise_prescription.domain.prescribed import is_prescription
from services.exercise_prescription.domain.proposal import is_proposal
from telerehab.canonical import PROGRAMME, has_profile
from telerehab.fhir.json import JsonObject
from telerehab.lifecycle import NOT_THERE, Lifecycle


def is_programme(care_plan: JsonObject) -> bool:
    """Whether the CarePlan is an exercise programme of ours; others are records of the hospital's."""
    return has_profile(care_plan, PROGRAMME)


_REQUEST = {
    NOT_THERE: frozenset({"draft"}),
    "draft": frozenset({"active", "revoked", "entered-in-error"}),
    "active": frozenset({"on-hold", "completed", "revoked", "entered-in-error"}),
    "on-hold": frozenset({"active", "completed", "revoked", "entered-in-error"}),
    "completed": frozenset({"entered-in-error"}),
    "revoked": frozenset({"entered-in-error"}),
    "entered-in-error": frozenset[str](),
}

programme = Lifecycle("CarePlan", ours=is_programme, transitions=_REQUEST)

prescription = Lifecycle("ServiceRequest", ours=is_prescription, transitions=_REQUEST)

proposal = Lifecycle(
    "RequestGroup",
    ours=is_proposal,
    transitions={
        NOT_THERE: frozenset({"draft"}),
        "draft": frozenset({"completed", "revoked", "entered-in-error"}),
        "completed": frozenset(),
        "revoked": frozenset(),
        "entered-in-error": frozenset(),
    },
)
"""`completed` is accepted and done, `revoked` declined by a clinician or overtaken by newer logs."""
