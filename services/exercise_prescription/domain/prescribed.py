"""A prescription: the ServiceRequest for one exercise of a programme, after the HL7 Physical Activity guide.

https://hl7.org/fhir/us/physical-activity/StructureDefinition-pa-servicerequest.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from clinical.exercises import Effort, Exercise, exercises, region
from services.exercise_prescription.domain.dose import Dose
from services.exercise_prescription.domain.dose_extension import dose_extension, number, seconds, stated_dose
from services.exercise_prescription.domain.schedule import Schedule, repeat_of, schedule_of
from services.exercise_prescription.domain.terms import (
    BODY_SITE,
    DOSE,
    EXERCISE,
    EXERCISE_THERAPY,
    LATERALITY,
    PA_SERVICE_REQUEST,
    PHYSICAL_ACTIVITY,
    PRESCRIPTION,
    SNOMED,
    exercise_canonical,
    exercise_id,
)
from telerehab.canonical import extension_value, extensions, has_profile, with_extension
from telerehab.fhir.json import JsonObject

Side = Literal["left", "right", "both"]


@dataclass(frozen=True, slots=True)
class Prescribed:
    """What a prescription says of one exercise; `side` None where the exercise has none."""

    exercise: Exercise
    dose: Dose
    schedule: Schedule
    effort: Effort
    pain_limit: int
    side: Side | None = None


class UnknownExercise(ValueError):
    """A prescription of ours that names no exercise of ours."""


def is_prescription(service_request: JsonObject) -> bool:
    """Whether the ServiceRequest prescribes one of our exercises; others are records, referrals for instance."""
    return has_profile(service_request, PRESCRIPTION)


def prescription(
    id_: str,
    what: Prescribed,
    *,
    subject: str,
    care_plan_id: str,
    authored: str,
    bounds: JsonObject,
    requester: str | None,
    encounter: str | None,
    reason: JsonObject,
) -> JsonObject:
    """A draft; `bounds` is the period in which it is done, references are "Type/id"."""
    exercise = what.exercise
    request: JsonObject = {
        "resourceType": "ServiceRequest",
        "id": id_,
        "meta": {"profile": [PRESCRIPTION, PA_SERVICE_REQUEST]},
        "instantiatesCanonical": [exercise_canonical(exercise.id, exercise.version)],
        "basedOn": [{"reference": f"CarePlan/{care_plan_id}"}],
        "status": "draft",
        "intent": "order",
        "category": [PHYSICAL_ACTIVITY],
        "priority": "routine",
        "code": {
            "coding": [
                EXERCISE_THERAPY,
                {"system": EXERCISE, "code": exercise.id, "display": exercise.title},
            ],
            "text": exercise.title,
        },
        "subject": {"reference": subject},
        "occurrenceTiming": {"repeat": {"boundsPeriod": bounds, **repeat_of(what.schedule)}},
        "authoredOn": authored,
        "performer": [{"reference": subject}],
        "reasonCode": [reason],
        "patientInstruction": _instruction(exercise),
    }
    if requester:
        request["requester"] = {"reference": requester}
    if encounter:
        request["encounter"] = {"reference": encounter}
    if what.side:
        request["bodySite"] = [_body_site(what.side, region(exercise.id))]
    return with_dose(request, what)


def exercise_of(request: JsonObject) -> Exercise | None:
    """The one exercise of ours that a prescription instantiates, if it does."""
    names = [exercise_id(canonical) for canonical in request.get("instantiatesCanonical", ())]
    return exercises().get(names[0]) if len(names) == 1 else None


def prescribed(request: JsonObject) -> Prescribed:
    """What a prescription of ours says; raises UnknownExercise, UnreadableDose or UnreadableTiming."""
    exercise = exercise_of(request)
    if exercise is None:
        raise UnknownExercise("It must instantiate one exercise of ours.")
    parts = next(iter(extensions(request, DOSE)), {})
    effort = extension_value(parts, "effort") or {}
    limit = extension_value(parts, "painLimit")
    return Prescribed(
        exercise,
        stated_dose(request),
        schedule_of(request.get("occurrenceTiming", {})),
        Effort(
            low=_decimal(effort.get("low"), exercise.dose.effort.low),
            high=_decimal(effort.get("high"), exercise.dose.effort.high),
        ),
        exercise.dose.pain_limit if limit is None else limit,
        _side(request),
    )


def with_dose(request: JsonObject, what: Prescribed) -> JsonObject:
    """The ServiceRequest with this dose, for machines as an extension and for people as text."""
    parts = dose_parts(what.exercise, what.effort, what.pain_limit)
    changed = with_extension(request, dose_extension(what.dose, what.exercise, *parts))
    return {**changed, "orderDetail": [{"text": in_words(what)}]}


def dose_parts(
    exercise: Exercise, effort: Effort | None = None, pain_limit: int | None = None
) -> Iterator[JsonObject]:
    """What belongs to a dose beside its variables: effort (CR10), pain limit (0 to 10), rest and tempo."""
    effort = effort or exercise.dose.effort
    low, high = ({"value": number(value)} for value in (effort.low, effort.high))
    yield {"url": "effort", "valueRange": {"low": low, "high": high}}
    yield {"url": "painLimit", "valueInteger": exercise.dose.pain_limit if pain_limit is None else pain_limit}
    yield {"url": "rest", "valueDuration": seconds(exercise.dose.rest_seconds)}
    if exercise.dose.tempo:
        yield {"url": "tempo", "valueString": exercise.dose.tempo}


def in_words(what: Prescribed) -> str:
    """The dose for a reader: "3 sets of 12 repetitions, band-level 1, 3 days a week"."""
    dose, schedule = what.dose, what.schedule
    of = [
        f"{number(value)} {unit}"
        for value, unit in (
            (dose.reps, "repetitions"),
            (dose.hold_seconds, "s hold"),
            (dose.duration_seconds, "s"),
            (dose.distance_metres, "m"),
        )
        if value is not None
    ]
    words = [f"{number(dose.sets or 1)} sets of {' of '.join(of)}"]
    load = what.exercise.dose.load
    if dose.load and load is not None:
        kilograms = load.unit == "kg"
        words.append(f"{number(dose.load)} kg" if kilograms else f"band level {number(dose.load)}")
    if dose.variant != "standard":
        words.append(f"{dose.variant} form")
    if what.exercise.side == "each":
        words.append("each side")
    words.append(f"{schedule.per_day} times a day, {schedule.days_per_week} days a week")
    return ", ".join(words)


def _instruction(exercise: Exercise) -> str:
    said = exercise.instructions
    return " ".join((said.prepare, said.move, said.form, said.breathe, said.stop_if))


def _body_site(side: Side, where: str) -> JsonObject:
    code, display = LATERALITY[side]
    return {
        "coding": [
            {"system": BODY_SITE, "code": f"{side}-{where}"},
            {"system": SNOMED, "code": code, "display": display},
        ]
    }


def _side(request: JsonObject) -> Side | None:
    codes = {
        coding.get("code")
        for site in request.get("bodySite", ())
        for coding in site.get("coding", ())
        if coding.get("system") == SNOMED
    }
    sides: tuple[Side, ...] = ("left", "right", "both")
    return next((side for side in sides if LATERALITY[side][0] in codes), None)


def _decimal(quantity: JsonObject | None, default: Decimal) -> Decimal:
    try:
        return Decimal(str((quantity or {})["value"]))
    except (KeyError, InvalidOperation):
        return default
