"""Safety alerts as this service has heard of them: while one is open, no dose of its patient is raised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from telerehab.engine import counter_key
from telerehab.fhir.search import parameter_hash
from telerehab.projection import heard
from telerehab.resource import Resource
from telerehab.write_set import Counter

if TYPE_CHECKING:
    from telerehab.change import Change
    from telerehab.unit_of_work import UnitOfWork

TABLE = "safety_alert"
RAISED, ACKNOWLEDGED = "raised", "acknowledged"

safety_alert = heard(TABLE)


def keep(alert: str, patient: str, state: str, work: UnitOfWork) -> None:
    """Keep that an alert is in a state; whoever relied on the patient's alerts at the same time plans again."""
    work.keep(TABLE, f"{alert}/{state}", [{"alert": alert, "patient": patient, "state": state}])
    work.count(Counter(_counter(patient), None, bump=True))


async def is_acknowledged(alert: str, work: UnitOfWork) -> bool:
    """Whether it was heard that a human has the alert in hand."""
    found = await work.engine.store.fetch(
        "SELECT FROM exercise_prescription.safety_alert WHERE alert = $1 AND state = $2 LIMIT 1",
        alert,
        ACKNOWLEDGED,
    )
    return bool(found)


async def has_open_alert(patient: str, work: UnitOfWork) -> bool:
    """Whether an alert of the person is open; the answer still holds when the work is committed."""
    return bool(await open_alerts(patient, work))


async def open_alerts_of_subject(change: Change, work: UnitOfWork) -> Sequence[Resource]:
    """The open alerts of the patient of what is written, as DetectedIssues of which only the id is known."""
    patient = str(change.content.get("subject", {}).get("reference", "")).removeprefix("Patient/")
    return [Resource("DetectedIssue", alert) for alert in await open_alerts(patient, work)]


async def open_alerts(patient: str, work: UnitOfWork) -> list[str]:
    """The ids of the person's DetectedIssues that nobody has in hand; it still holds when the work is committed."""
    people = list(work.engine.store.aliases.of(patient))
    keys = [_counter(one) for one in people]
    for key, value in (await work.engine.store.counters(keys)).items():
        work.count(Counter(key, value, bump=False))
    found = await work.engine.store.fetch(
        "SELECT DISTINCT alert FROM exercise_prescription.safety_alert AS raised"
        " WHERE patient = ANY ($1::text[]) AND state = $2"
        " AND NOT EXISTS (SELECT FROM exercise_prescription.safety_alert AS taken"
        " WHERE taken.alert = raised.alert AND taken.state = $3) ORDER BY alert",
        people,
        RAISED,
        ACKNOWLEDGED,
    )
    return [str(row["alert"]) for row in found]


def _counter(patient: str) -> int:
    return counter_key(parameter_hash("DetectedIssue", "patient"), f"Patient/{patient}")
