"""How fast doses are judged: one exercise with three weeks of logs, from what was heard to the verdict, no I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time

from clinical.exercises import exercises
from services.exercise_prescription.domain.dose import starting_dose
from services.exercise_prescription.domain.heard_log import HeardLog
from services.exercise_prescription.domain.prescribed import Prescribed, prescription
from services.exercise_prescription.domain.progression import evaluate
from services.exercise_prescription.domain.schedule import scheduled
from services.exercise_prescription.domain.situation import Known, situation_of
from telerehab.canonical import PROGRAMME, TIMEZONE
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 21
JUDGED = 2000
TOLD = {
    "completion_percent": 100, "pain_before": 1, "pain": 2, "pain_after": 1, "pain_next_morning": 1, "exertion": 5,
    "sets_done": 3, "repetitions_done": 30, "symptoms": [],
}  # fmt: skip


def evaluations_per_cpu_second() -> float:
    """Verdicts of one second of this process's CPU."""
    known = _known()
    for _ in range(JUDGED // 10):
        evaluate(situation_of(known))
    started = process_time()
    for _ in range(JUDGED):
        evaluate(situation_of(known))
    return JUDGED / (process_time() - started)


def _known() -> Known:
    exercise = exercises()["bridge"]
    schedule = scheduled(1, 3, MONDAY.date())
    what = Prescribed(exercise, starting_dose(exercise), schedule, exercise.dose.effort, 5)
    request = prescription(
        "s1", what, subject="Patient/p1", care_plan_id="c1", authored=MONDAY.isoformat(),
        bounds={"start": MONDAY.isoformat()}, requester=None, encounter=None, reason={"text": "Hip"},
    )  # fmt: skip
    version = Resource.of({**request, "status": "active"})
    version.version, version.last_updated = 1, MONDAY
    programme: JsonObject = {
        "resourceType": "CarePlan",
        "id": "c1",
        "meta": {"profile": [PROGRAMME]},
        "extension": [{"url": TIMEZONE, "valueCode": "UTC"}],
        "status": "active",
        "period": {"start": MONDAY.isoformat()},
    }
    logs = [
        HeardLog(f"Observation/{day}", 1, f"log-{day}", MONDAY + timedelta(days=day, hours=8), 0, False, TOLD)
        for day in range(DAYS)
        if day % 7 in (0, 2, 4)
    ]
    return Known([version], programme, logs, (), False, MONDAY + timedelta(days=DAYS))
