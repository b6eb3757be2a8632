"""A programme that begins, changes or ends is announced with all that is true now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.exercise_prescription.lifecycles import is_programme
from telerehab.change import Change, Emit, Verdict, rule, values_at
from telerehab.event import timestamp
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.pb.telerehab.events.v1.exercise_prescription_pb2 import PrescribedExercise, ProgrammeChanged
from telerehab.resource import Resource

DAYS_IN = {"d": 1, "wk": 7, "mo": 30}


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
            patient_id=str(programme["subject"].get("reference", "")).removeprefix("Patient/"),
            status=programme["status"],
            start=timestamp(start) if start else None,
            end=timestamp(end) if end else None,
            exercises=_exercises(programme, change.found["prescriptions"]),
        )
    )


def _exercises(programme: JsonObject, prescriptions: Sequence[Resource]) -> list[PrescribedExercise]:
    known = {prescription.reference: prescription for prescription in prescriptions}
    order = values_at(programme, "activity.reference.reference")
    return [_exercise(known[reference]) for reference in order if reference in known]


def _exercise(prescription: Resource) -> PrescribedExercise:
    repeat = prescription.content.get("occurrenceTiming", {}).get("repeat", {})
    return PrescribedExercise(
        service_request_id=prescription.id,
        frequency=repeat.get("frequency", 1) if repeat else 0,
        period_days=int(repeat.get("period", 1)) * DAYS_IN.get(repeat.get("periodUnit", "d"), 1)
        if repeat
        else 0,
    )
