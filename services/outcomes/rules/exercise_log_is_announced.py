"""An exercise log is said with all that it tells, so that nobody has to ask for it; so is that it was withdrawn."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.home_log import (
    identifiers,
    is_exercise_log,
    local_date,
    log_of,
    number,
    offset_minutes,
)
from telerehab.change import Change, Emit, Verdict, rule
from telerehab.event import timestamp
from telerehab.fhir.when import moment
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ExerciseLogged
from telerehab.references import id_at


def is_log(change: Change) -> bool:
    """Whether an exercise log is written, withdrawn or deleted."""
    return is_exercise_log(change.content) and bool(local_date(change.content))


@rule("Observation", when=is_log)
def exercise_log_is_announced(change: Change) -> Iterator[Verdict]:
    """Every version: whoever counts logs takes the newest of each identifier."""
    log, told = change.content, log_of(change.content)
    done = moment(log["effectiveDateTime"])
    assert done is not None
    yield Emit(
        ExerciseLogged(
            source=change.subject.reference,
            source_version=change.version,
            patient_id=id_at(log, "subject", "Patient"),
            care_plan_id=id_at(log, "basedOn", "CarePlan"),
            service_request_id=id_at(log, "basedOn", "ServiceRequest"),
            done=timestamp(done),
            sets_done=number(log, "sets") or 0,
            repetitions_done=number(log, "repetitions") or 0,
            pain=number(log, "pain-max"),
            exertion=number(log, "effort"),
            pain_before=number(log, "pain-before"),
            pain_after=number(log, "pain-after"),
            pain_next_morning=number(log, "pain-next-morning"),
            completion_percent=number(log, "done"),
            seconds_done=number(log, "seconds"),
            metres_done=number(log, "metres"),
            extra_repetitions=number(log, "extra-repetitions"),
            symptoms=told.symptoms,
            client_id=next((value for _, value in identifiers(log)), ""),
            offset_minutes=offset_minutes(log),
            withdrawn=change.after is None or log["status"] == "entered-in-error",
        )
    )
