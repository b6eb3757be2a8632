"""CarePlan/[id]/$adherence: how much of a programme was done, in both readings of a missing log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from clinical.adherence import adherence as rules
from services.exercise_prescription.domain.adherence import adherence_of
from services.exercise_prescription.domain.done_of_planned import Done, calendar_day, done_of_planned
from services.exercise_prescription.domain.dose_extension import UnreadableDose
from services.exercise_prescription.domain.prescribed import UnknownExercise, is_prescription
from services.exercise_prescription.domain.programme import prescriptions_of
from services.exercise_prescription.domain.schedule import UnreadableTiming
from services.exercise_prescription.domain.situation import Known, NoStart
from services.exercise_prescription.lifecycles import is_programme
from services.exercise_prescription.projections.exercise_log import LOOKED_BACK, logs_of
from services.exercise_prescription.proposing import versions_of
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.operation import Parameters, operation
from telerehab.unit_of_work import UnitOfWork

MOST = LOOKED_BACK.days
Part = dict[str, Any]


@operation("adherence.json")
async def adherence(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """Parameters with the figures of all and of each exercise; 422 for a CarePlan that is no programme of ours."""
    programme = parameters.on
    assert programme is not None, "an instance-level operation is called on an instance"
    if not is_programme(programme.content):
        raise _refused("This CarePlan is no exercise programme of ours.", "CarePlan.meta.profile")
    days = parameters.one("days") or rules().window_days
    if not 1 <= days <= MOST:
        raise bad_request(f"'days' is 1 to {MOST}.", "Parameters.days", "value")
    known = [one async for one in _known(programme.content, work)]
    try:
        today = calendar_day(Known((), programme.content, (), (), False, work.now))
        last = _end(parameters.one("end")) or today
        first = last - timedelta(days=days - 1)
        done = [(one.versions[-1].reference, done_of_planned(one, first, last)) for one in known]
    except (NoStart, UnknownExercise, UnreadableDose, UnreadableTiming) as problem:
        raise _refused(str(problem), "CarePlan") from None
    except OverflowError:
        raise bad_request("'end' is too near the end of the calendar.", "Parameters.end", "value") from None
    period = {"start": first.isoformat(), "end": last.isoformat()}
    exercises = [
        {"name": "exercise", "part": [_reference(reference), *_figures([one])]} for reference, one in done
    ]
    all_done = [one for _, one in done]
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "period", "valuePeriod": period},
            *_figures(all_done),
            *_days(all_done),
            *exercises,
        ],
    }


async def _known(programme: JsonObject, work: UnitOfWork) -> AsyncIterator[Known]:
    """What is known of each prescription of the programme, in its order."""
    patient = str(programme["subject"].get("reference", "")).removeprefix("Patient/")
    for reference in prescriptions_of(programme):
        type_, _, id_ = reference.partition("/")
        request = await work.read(type_, id_) if type_ == "ServiceRequest" else None
        if request is not None and is_prescription(request.content):
            logs = await logs_of(work.engine, request.id, patient, work.now)
            yield Known(await versions_of(request, work), programme, logs, (), False, work.now)


def _figures(done: Sequence[Done]) -> Iterator[Part]:
    planned, logged = sum(one.planned for one in done), [share for one in done for share in one.logged]
    found = adherence_of(planned, logged)
    yield {"name": "planned", "valueUnsignedInt": planned}
    yield {"name": "logged", "valueUnsignedInt": len(logged)}
    if found.missing_as_zero is not None:
        yield {"name": "missingAsZero", "valueDecimal": found.missing_as_zero}
    if found.logged_only is not None:
        yield {"name": "loggedOnly", "valueDecimal": found.logged_only}
    if found.band is not None:
        yield {"name": "band", "valueCode": found.band}


def _days(done: Sequence[Done]) -> Iterator[Part]:
    for name, days in (
        ("daysPlanned", {day for one in done for day in one.days_planned}),
        ("daysActive", {day for one in done for day in one.days_active}),
    ):
        yield {"name": name, "valueUnsignedInt": len(days)}


def _reference(reference: str) -> Part:
    return {"name": "prescription", "valueReference": {"reference": reference}}


def _end(given: str | None) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise bad_request("'end' is a whole date.", "Parameters.end", "value") from None


def _refused(problem: str, expression: str) -> FhirError:
    return FhirError(422, [Issue("business-rule", problem, expression)])
