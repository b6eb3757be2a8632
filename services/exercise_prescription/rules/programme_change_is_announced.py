"""A programme that begins, changes or ends is announced with all that is true now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.exercise_prescription.domain.dose_extension import number
from services.exercise_prescription.domain.prescribed import is_prescription, prescribed
from services.exercise_prescription.domain.schedule import DAYS_IN
from services.exercise_prescription.domain.terms import PLAN_DEFINITION, PRESCRIPTION_VERSION, versioned_id
from services.exercise_prescription.lifecycles import is_programme
from telerehab.canonical import extension_value
from telerehab.change import Change, Emit, Verdict, rule
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.pb.telerehab.events.v1.exercise_prescription_pb2 import PrescribedExercise, ProgrammeChanged
from telerehab.references import id_at
from telerehab.resource import Resource


@rule("CarePlan", find={"prescriptions": "CarePlan.activity.reference"})
def programme_change_is_announced(change: Change) -> Iterator[Verdict]:
    """A draft is nobody's business yet."""
    programme = change.content
    if change.after is None or not is_programme(programme) or programme["status"] == "draft":
        return
    start, end = (moment(programme.get("period", {}).get(name)) for name in ("start", "end"))
    yield Emit(
        ProgrammeChanged(
            care_plan_id=change.subject.id,
            care_plan_version=change.version,
            patient_id=id_at(programme, "subject", "Patient"),
            status=programme["status"],
            start=timestamp(start) if start else None,
            end=timestamp(end) if end else None,
            plan_definition_id=_protocol(programme),
            exercises=_exercises(programme, change.found["prescriptions"]),
        )
    )


def _protocol(programme: JsonObject) -> str:
    """The id of our PlanDefinition that the programme follows, empty if none."""
    for canonical in programme.get("instantiatesCanonical", ()):
        url, _, version = str(canonical).partition("|")
        if url.startswith(PLAN_DEFINITION):
            return versioned_id(url.removeprefix(PLAN_DEFINITION), version)
    return ""


def _exercises(programme: JsonObject, prescriptions: Sequence[Resource]) -> list[PrescribedExercise]:
    known = {prescription.reference: prescription for prescription in prescriptions}
    activities = (
        (str(activity.get("reference", {}).get("reference")), activity)
        for activity in programme.get("activity", ())
    )
    return [
        _exercise(known[reference], extension_value(activity, PRESCRIPTION_VERSION) or 0)
        for reference, activity in activities
        if reference in known
    ]


def _exercise(found: Resource, version: int) -> PrescribedExercise:
    request = found.content
    if not is_prescription(request):
        return _of_others(found)
    what = prescribed(request)
    dose, load = what.dose, what.exercise.dose.load
    return PrescribedExercise(
        service_request_id=found.id,
        service_request_version=version,
        activity_definition_id=versioned_id(what.exercise.id, what.exercise.version),
        status=request["status"],
        variant=dose.variant,
        side=what.side or "",
        sets=int(dose.sets or 0),
        repetitions=int(dose.reps or 0),
        hold_seconds=int(dose.hold_seconds or 0),
        duration_seconds=int(dose.duration_seconds or 0),
        distance_metres=int(dose.distance_metres or 0),
        load="" if dose.load is None else str(number(dose.load)),
        load_unit=load.unit if load else "",
        pain_limit=what.pain_limit,
        frequency=what.schedule.frequency,
        period_days=what.schedule.period_days,
        days_of_week=what.schedule.days,
    )


def _of_others(found: Resource) -> PrescribedExercise:
    """An activity that was not prescribed here: only how often it is due."""
    repeat = found.content.get("occurrenceTiming", {}).get("repeat", {})
    period = int(repeat.get("period", 1)) * DAYS_IN.get(repeat.get("periodUnit", "d"), 1)
    return PrescribedExercise(
        service_request_id=found.id,
        status=found.content.get("status", ""),
        frequency=repeat.get("frequency", 1) if repeat else 0,
        period_days=period if repeat else 0,
    )
