"""What is in patients' compartments, as one search over all types of an owner.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from telerehab.fhir.outcome import bad_request
from telerehab.fhir.search.parameter import parameters
from telerehab.fhir.search.predicate import (
    All,
    AnyOf,
    DateCompare,
    HasToken,
    InCompartment,
    LastUpdated,
    Not,
    Predicate,
    Prefix,
    TypeIn,
    all_of,
)
from telerehab.fhir.search.query import MAX_COUNT, Query
from telerehab.fhir.search.rows import BEGINNING, END_OF_TIME
from telerehab.fhir.search.types.date import covered
from telerehab.pb.telerehab.fhir.v1 import engine_pb2 as pb

ALL_TYPES = ""

CARE_DATES = {
    "Account": "period", "AdverseEvent": "date", "Appointment": "date", "CarePlan": "date", "CareTeam": "date",
    "ChargeItem": "occurrence", "Claim": "created", "ClaimResponse": "created", "ClinicalImpression": "date",
    "Communication": "sent", "CommunicationRequest": "occurrence", "Composition": "date", "Condition": "onset-date",
    "Consent": "date", "DetectedIssue": "identified", "DeviceRequest": "event-date", "DiagnosticReport": "date",
    "DocumentReference": "date", "Encounter": "date", "EpisodeOfCare": "date", "ExplanationOfBenefit": "created",
    "Flag": "date", "Goal": "start-date", "ImagingStudy": "started", "Immunization": "date",
    "ImmunizationEvaluation": "date", "Invoice": "date", "List": "date", "MeasureReport": "period",
    "Media": "created", "MedicationAdministration": "effective-time", "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon", "MedicationStatement": "effective", "NutritionOrder": "datetime",
    "Observation": "date", "Procedure": "date", "QuestionnaireResponse": "authored", "RequestGroup": "authored",
    "RiskAssessment": "date", "Schedule": "date", "ServiceRequest": "occurrence", "Specimen": "collected",
    "SupplyRequest": "date", "Task": "period", "VisionPrescription": "datewritten",
}  # fmt: skip
"""The search parameter of each type that says when care was given or is due; other types are never left out for it."""


def compartment_query(
    request: pb.CompartmentRequest, patients: Sequence[str], own_types: frozenset[str]
) -> Query:
    """The search that a request means, oldest first; FhirError 400 for a malformed date.

    `patients` are all ids of those whom it names. With care dates a resource counts whose date overlaps them, or that
    has no date.
    """
    types = own_types & set(request.types) if request.types else own_types
    wanted: list[Predicate] = [InCompartment(tuple(patients))]
    if request.types:
        wanted.append(TypeIn(tuple(sorted(types))))
    if request.HasField("since"):
        wanted.append(LastUpdated(Prefix.ge, request.since.ToDatetime(UTC), END_OF_TIME))
    if request.start or request.end:
        wanted.append(_in_care_dates(sorted(types), *_range(request.start, request.end)))
    return Query(ALL_TYPES, all_of(wanted), count=min(request.count, MAX_COUNT))


def _range(start: str, end: str) -> tuple[datetime, datetime]:
    try:
        lo = covered(start)[0] if start else BEGINNING
        hi = covered(end)[1] if end else END_OF_TIME
    except ValueError:
        raise bad_request("'start' and 'end' are FHIR dates.", "start", "value") from None
    return lo, hi


def _in_care_dates(types: Collection[str], lo: datetime, hi: datetime) -> Predicate:
    dated = [type_ for type_ in types if type_ in CARE_DATES]
    undated = [type_ for type_ in types if type_ not in CARE_DATES]
    return AnyOf((TypeIn(tuple(undated)), *(_type_in_care_dates(type_, lo, hi) for type_ in dated)))


def _type_in_care_dates(type_: str, lo: datetime, hi: datetime) -> Predicate:
    parameter = parameters(type_)[CARE_DATES[type_]]
    overlapping = (DateCompare(part.hash, Prefix.ap, lo, hi) for part in parameter.indexed)
    return All((TypeIn((type_,)), AnyOf((Not(HasToken(parameter.present)), *overlapping))))
