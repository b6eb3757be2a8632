"""RequestGroup/[id]/$decide: a named clinician accepts or declines a proposed dose."""

from __future__ import annotations

from services.exercise_prescription.domain.proposal import ACCEPTED, DECLINED, decided, is_proposal
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

_STATUS = {"accept": ACCEPTED, "decline": DECLINED}


@operation("decide.json")
async def decide(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The proposal, decided; 409 if it is no longer open, 422 if nobody known decides."""
    group = parameters.on
    assert group is not None, "an instance-level operation is called on an instance"
    status = _STATUS.get(parameters.required("decision"))
    if status is None:
        raise bad_request("'decision' is accept or decline.", "Parameters.decision", "value")
    if not is_proposal(group.content):
        raise FhirError(422, [Issue("business-rule", "This RequestGroup proposes no dose of ours.")])
    if group.content["status"] != "draft":
        raise FhirError(409, [Issue("conflict", "This proposal is no longer open.", "RequestGroup.status")])
    clinician, comment = parameters.required("practitioner"), parameters.one("comment")
    return await work.put(
        decided(group.content, status, clinician, work.now, comment), if_version=group.version
    )
