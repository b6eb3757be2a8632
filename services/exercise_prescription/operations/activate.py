"""CarePlan/[id]/$activate: a named clinician begins a programme, and says why in spite of what speaks against it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.exercise_prescription.domain.override import is_reasoned, override, with_overrides
from services.exercise_prescription.lifecycles import is_programme
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

_CLINICIAN = re.compile(r"(Practitioner|PractitionerRole)/[A-Za-z0-9\-.]{1,64}")
_KNOWN = re.compile(r"(DetectedIssue|Condition|Procedure)/[A-Za-z0-9\-.]{1,64}")


@operation("activate.json")
async def activate(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The programme, active; what speaks against it and is not overridden is one 422 that names each."""
    programme = parameters.on
    assert programme is not None, "an instance-level operation is called on an instance"
    clinician = str(parameters.required("practitioner"))
    if not _CLINICIAN.fullmatch(clinician):
        told = "'practitioner' is a reference like Practitioner/123."
        raise bad_request(told, "Parameters.practitioner", "value")
    if not is_programme(programme.content):
        raise FhirError(422, [Issue("business-rule", "This CarePlan is no exercise programme of ours.")])
    begun = {**programme.content, "status": "active", "author": {"reference": clinician}}
    overrides = list(_overrides(parameters, clinician, work))
    return await work.put(with_overrides(begun, overrides), if_version=programme.version)


def _overrides(parameters: Parameters, by: str, work: UnitOfWork) -> Iterator[JsonObject]:
    for given in parameters.all("override"):
        known, reason = str(given.required("known")), given.required("reason")
        if not _KNOWN.fullmatch(known):
            told = "'known' is a reference to a DetectedIssue, Condition or Procedure."
            raise bad_request(told, "Parameters.override.known", "value")
        if not is_reasoned(reason):
            told = "An override needs a reason in words."
            raise FhirError(422, [Issue("business-rule", told, "Parameters.override.reason")])
        yield override(known, reason, by, work.now)
