"""The exercises as ActivityDefinitions, from clinical/exercises/; draft until a physiotherapist has signed their file.

https://hl7.org/fhir/R4/activitydefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clinical.approvals import state
from clinical.exercises import Bounds, Exercise, ExerciseFile, exercise_files
from services.exercise_prescription.domain.dose import VARIABLES, bounds_of, starting_dose
from services.exercise_prescription.domain.dose_extension import dose_extension, number
from services.exercise_prescription.domain.precautions import precaution
from services.exercise_prescription.domain.prescribed import dose_parts
from services.exercise_prescription.domain.terms import (
    ACTIVITY_DEFINITION,
    BODY_SITE,
    DOSE_BOUNDS,
    EXERCISE,
    EXERCISE_THERAPY,
    INSTRUCTION,
    PA_SERVICE_REQUEST,
    versioned_id,
)
from telerehab.fhir.json import JsonObject

SCHEDULED = ("per_day", "days_per_week")
ROLES = ("prepare", "move", "form", "breathe", "stop_if")


def activity_definitions() -> Sequence[JsonObject]:
    """All exercises, each under an id of its name and version."""
    return [
        activity_definition(exercise, file)
        for file in exercise_files().values()
        for exercise in file.exercise
    ]


def activity_definition(exercise: Exercise, file: ExerciseFile) -> JsonObject:
    """One exercise of a file: instructions, starting dose and the bounds no dose may leave."""
    return {
        "resourceType": "ActivityDefinition",
        "id": versioned_id(exercise.id, exercise.version),
        "extension": [
            dose_extension(starting_dose(exercise), exercise, *dose_parts(exercise)),
            *_bounds(exercise),
            *_instructions(exercise),
            *(precaution(stated.level, stated.text) for stated in exercise.contraindication),
        ],
        "url": f"{ACTIVITY_DEFINITION}{exercise.id}",
        "version": exercise.version,
        "name": "".join(part.capitalize() for part in exercise.id.split("-")),
        "title": exercise.title,
        "status": "active" if state(f"exercises/{file.id}.toml") == "approved" else "draft",
        "description": exercise.aim,
        "usage": _usage(exercise),
        "topic": [{"text": tag} for tag in (exercise.purpose, *exercise.tags)],
        "kind": "ServiceRequest",
        "profile": PA_SERVICE_REQUEST,
        "code": {
            "coding": [
                EXERCISE_THERAPY,
                {"system": EXERCISE, "code": exercise.id, "display": exercise.title},
            ],
            "text": exercise.title,
        },
        "intent": "order",
        "bodySite": [{"coding": [{"system": BODY_SITE, "code": file.id}]}],
    }


def _bounds(exercise: Exercise) -> Iterator[JsonObject]:
    for variable in VARIABLES:
        bounds = bounds_of(exercise, variable)
        if bounds is not None:
            yield _stated(variable, bounds)
    yield from (_stated(name, getattr(exercise.dose, name)) for name in SCHEDULED)


def _stated(name: str, bounds: Bounds) -> JsonObject:
    parts = [{"url": "variable", "valueCode": name.replace("_", "-")}]
    parts += [
        {"url": part, "valueDecimal": number(getattr(bounds, part))}
        for part in ("min", "start", "max", "step")
    ]
    return {"url": DOSE_BOUNDS, "extension": parts}


def _instructions(exercise: Exercise) -> Iterator[JsonObject]:
    for role in ROLES:
        parts = [
            {"url": "role", "valueCode": role.replace("_", "-")},
            {"url": "text", "valueString": getattr(exercise.instructions, role)},
        ]
        yield {"url": INSTRUCTION, "extension": parts}


def _usage(exercise: Exercise) -> str:
    needs = ", ".join(exercise.equipment) or "nothing"
    return (
        f"Position: {exercise.position}. Needs: {needs}."
        f" Easier: {exercise.easier.text}. Harder: {exercise.harder.text}."
    )
