"""Which service owns which FHIR type: the one table that routing, cross-service reads and deployment use."""

from __future__ import annotations

from telerehab.fhir.definitions.structures import resource_types

RECORDS = "records"

_OWNED: dict[str, frozenset[str]] = {
    "scheduling": frozenset({"HealthcareService", "Schedule", "Slot", "Appointment", "AppointmentResponse"}),
    "session": frozenset({"Encounter", "Communication", "CommunicationRequest"}),
    "exercise_prescription": frozenset(
        {"ActivityDefinition", "PlanDefinition", "CarePlan", "Goal", "ServiceRequest", "RequestGroup"}
    ),
    "outcomes": frozenset(
        {
            "Questionnaire",
            "QuestionnaireResponse",
            "Observation",
            "Measure",
            "MeasureReport",
            "DetectedIssue",
            "RiskAssessment",
            "Task",
        }
    ),
}

SERVICES: tuple[str, ...] = (RECORDS, *_OWNED)
"""The services in the order of their default ports, which follow the gateway's."""
_OWNER_OF = {type_: name for name, types in _OWNED.items() for type_ in types}


def owner_of(type_: str) -> str:
    """The service that alone writes resources of `type_`: records, unless another owns it."""
    return _OWNER_OF.get(type_, RECORDS)


def types_of(service: str) -> frozenset[str]:
    """The R4 types a service owns; records owns what nobody else does."""
    if service == RECORDS:
        return frozenset(resource_types()) - _OWNER_OF.keys()
    return _OWNED[service]
