"""ServiceRequest/[id]/$check-form: a clinician has seen how well an exercise is done."""

from __future__ import annotations

from services.exercise_prescription.domain.prescribed import is_prescription
from services.exercise_prescription.domain.terms import FORM_CHECK
from telerehab.canonical import with_extension
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue
from telerehab.fhir.when import utc
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

_CLINICIANS = ("Practitioner/", "PractitionerRole/")


@operation("check-form.json")
async def check_form(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The prescription with what was seen now; 422 if nobody known has seen it."""
    request = parameters.on
    assert request is not None, "an instance-level operation is called on an instance"
    good, clinician = parameters.required("good"), str(parameters.required("practitioner"))
    if not is_prescription(request.content):
        raise FhirError(422, [Issue("business-rule", "This ServiceRequest prescribes no exercise of ours.")])
    if not clinician.startswith(_CLINICIANS) or await work.elsewhere(clinician) is None:
        raise FhirError(
            422, [Issue("not-found", "That clinician is not known here.", "Parameters.practitioner")]
        )
    parts: list[JsonObject] = [
        {"url": "good", "valueBoolean": good},
        {"url": "checked", "valueDateTime": utc(work.now)},
        {"url": "by", "valueReference": {"reference": clinician}},
    ]
    checked = {"url": FORM_CHECK, "extension": parts}
    return await work.put(with_extension(request.content, checked), if_version=request.version)
