"""A home log with severe pain, a pain spike, a fall or another grave symptom alerts a human in its commit."""

from __future__ import annotations

from collections.abc import Iterator

from services.outcomes.domain.alert import Sign
from services.outcomes.domain.home_log import is_home_log, local_date, log_of
from services.outcomes.domain.log_alarms import raised
from services.outcomes.rules.home_log_is_understood import is_written
from services.outcomes.rules.raising import ALERTS, alert
from telerehab.canonical import HOME_LOG
from telerehab.change import Change, Verdict, rule
from telerehab.fhir.json import JsonObject

LOGS = (
    f"Observation?subject={{Observation.subject}}&date=ge{{now-21d}}"
    f"&code={HOME_LOG}|exercise-log,{HOME_LOG}|pain-log"
)
"""The patient's logs of the last weeks: enough for a spike that a late log completes."""


@rule(
    "Observation",
    find={**ALERTS, "logs": LOGS},
    when=is_written,
)
def home_log_raises_an_alert(change: Change) -> Iterator[Verdict]:
    """However late the log, and in whatever order logs come."""
    others = [log_of(log.content) for log in change.found["logs"] if _stands(log.content)]

    def signs(content: JsonObject) -> list[Sign]:
        return raised(log_of(content), others) if _stands(content) else []

    yield from alert(change, signs)


def _stands(content: JsonObject) -> bool:
    return is_home_log(content) and bool(local_date(content)) and content["status"] != "entered-in-error"
