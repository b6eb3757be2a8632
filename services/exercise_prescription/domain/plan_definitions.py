"""The protocols as PlanDefinitions, from clinical/protocols/: phases with their exercises, criteria and goals.

https://hl7.org/fhir/R4/plandefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from clinical.approvals import state
from clinical.exercises import exercises
from clinical.protocols import Criterion, Goal, Phase, PhaseExercise, Protocol, protocols
from services.exercise_prescription.domain.dose import VARIABLES, Dose, starting_dose
from services.exercise_prescription.domain.dose_extension import dose_extension, number
from services.exercise_prescription.domain.precautions import precaution
from services.exercise_prescription.domain.prescribed import dose_parts
from services.exercise_prescription.domain.terms import (
    MEASURE,
    PHASE_CRITERION,
    PLAN_DEFINITION,
    PROGRAMME_PART,
    UCUM,
    exercise_canonical,
    versioned_id,
)
from telerehab.fhir.json import JsonObject

PHASE, PRESCRIBE, TEACH = "phase", "exercise", "education"


def plan_definitions() -> Sequence[JsonObject]:
    """All protocols, each under an id of its name and version."""
    return [plan_definition(protocol) for protocol in protocols().values()]


def plan_definition(protocol: Protocol) -> JsonObject:
    """One protocol; `$apply` makes a programme of one of its phases."""
    return {
        "resourceType": "PlanDefinition",
        "id": versioned_id(protocol.id, protocol.version),
        "extension": [precaution("block", text) for text in protocol.contraindication],
        "url": f"{PLAN_DEFINITION}{protocol.id}",
        "version": protocol.version,
        "name": "".join(part.capitalize() for part in protocol.id.split("-")),
        "title": protocol.title,
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/plan-definition-type",
                    "code": "clinical-protocol",
                }
            ]
        },
        "status": "active" if state(f"protocols/{protocol.id}.toml") == "approved" else "draft",
        "description": " ".join((f"{protocol.condition}.", *protocol.notes)),
        "useContext": [
            {
                "code": {
                    "system": "http://terminology.hl7.org/CodeSystem/usage-context-type",
                    "code": "focus",
                },
                "valueCodeableConcept": {"text": protocol.condition},
            }
        ],
        "usage": f"{protocol.duration_weeks} weeks, {protocol.sessions_per_week} sessions a week.",
        "topic": [{"text": protocol.region}],
        "goal": [_goal(goal) for goal in protocol.goal],
        "action": [*(_phase(phase) for phase in protocol.phase), *_education(protocol)],
    }


def phase_dose(stated: PhaseExercise) -> Dose:
    """What a phase prescribes of an exercise: what it states, else the exercise's start."""
    dose = Dose(stated.variant)
    for variable in VARIABLES:
        value = getattr(stated, variable)
        if value is not None:
            dose = dose.with_value(variable, value)
    return starting_dose(exercises()[stated.id], dose)


def _goal(goal: Goal) -> JsonObject:
    sign = 1 if goal.better == "higher" else -1
    return {
        "id": goal.id,
        "description": {"text": goal.text},
        "target": [
            {
                "measure": {"coding": [{"system": MEASURE, "code": goal.measure}]},
                "detailQuantity": {"value": number(goal.change_at_least * sign), "unit": goal.unit},
                "due": {"value": goal.due_week, "unit": "wk", "system": UCUM, "code": "wk"},
            }
        ],
    }


def _phase(phase: Phase) -> JsonObject:
    weeks = {"system": UCUM, "code": "wk", "unit": "wk"}
    return {
        "id": phase.id,
        "extension": [_criterion(criterion) for criterion in phase.criterion],
        "title": phase.title,
        "code": [_part(PHASE)],
        "timingRange": {
            "low": {"value": phase.from_week, **weeks},
            "high": {"value": phase.to_week, **weeks},
        },
        "groupingBehavior": "logical-group",
        "action": [_exercise(stated) for stated in phase.exercise],
    }


def _exercise(stated: PhaseExercise) -> JsonObject:
    exercise = exercises()[stated.id]
    effort = exercise.dose.effort
    effort = replace(effort, low=stated.effort_low or effort.low, high=stated.effort_high or effort.high)
    return {
        "extension": [
            dose_extension(phase_dose(stated), exercise, *_scheduled(stated), *dose_parts(exercise, effort))
        ],
        "title": exercise.title,
        "code": [_part(PRESCRIBE)],
        "definitionCanonical": exercise_canonical(exercise.id, exercise.version),
    }


def _scheduled(stated: PhaseExercise) -> Iterator[JsonObject]:
    dose = exercises()[stated.id].dose
    per_day, days = stated.per_day or dose.per_day.start, stated.days_per_week or dose.days_per_week.start
    yield {"url": "timesPerDay", "valuePositiveInt": int(per_day)}
    yield {"url": "daysPerWeek", "valuePositiveInt": int(days)}


def _criterion(criterion: Criterion) -> JsonObject:
    parts: list[JsonObject] = [
        {"url": "id", "valueCode": criterion.id},
        {"url": "kind", "valueCode": criterion.kind},
        {"url": "text", "valueString": criterion.text},
    ]
    return {"url": PHASE_CRITERION, "extension": parts}


def _education(protocol: Protocol) -> Iterator[JsonObject]:
    for taught in protocol.education:
        yield {
            "id": taught.id,
            "title": taught.title,
            "textEquivalent": taught.text,
            "code": [_part(TEACH)],
            "timingDuration": {"value": taught.week, "unit": "wk", "system": UCUM, "code": "wk"},
        }


def _part(code: str) -> JsonObject:
    return {"coding": [{"system": PROGRAMME_PART, "code": code}]}
