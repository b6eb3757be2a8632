"""The lifecycle of an exercise programme prescribed here: a clinician activates it, nobody else.

https://hl7.org/fhir/R4/valueset-request-status.html
"""

from __future__ import annotations

from telerehab.canonical import PROGRAMME, has_profile
from telerehab.fhir.json import JsonObject
from telerehab.lifecycle import NOT_THERE, Lifecycle


def is_programme(care_plan: JsonObject) -> bool:
    """Whether the CarePlan is an exercise programme of ours; others are records of the hospital's."""
    return has_profile(care_plan, PROGRAMME)


programme = Lifecycle(
    "CarePlan",
    ours=is_programme,
    transitions={
        NOT_THERE: frozenset({"draft"}),
        "draft": frozenset({"active", "revoked", "entered-in-error"}),
        "active": frozenset({"on-hold", "completed", "revoked", "entered-in-error"}),
        "on-hold": frozenset({"active", "completed", "revoked", "entered-in-error"}),
        "completed": frozenset({"entered-in-error"}),
        "revoked": frozenset({"entered-in-error"}),
        "entered-in-error": frozenset(),
    },
)
