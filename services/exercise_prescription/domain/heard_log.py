"""An exercise log as this service heard of it: numbers as they were told, nothing interpreted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from telerehab.pb.telerehab.events.v1.outcomes_pb2 import ExerciseLogged

TOLD = (
    "completion_percent",
    "extra_repetitions",
    "exertion",
    "metres_done",
    "pain",
    "pain_after",
    "pain_before",
    "pain_next_morning",
    "seconds_done",
)


@dataclass(frozen=True, slots=True)
class HeardLog:
    """One version of a log: `source` is "Type/id" of what tells it, `offset_minutes` the patient's zone then.

    `told` holds the numbers of ExerciseLogged by name, those that were told only, and `symptoms`.
    """

    source: str
    version: int
    client_id: str
    done: datetime
    offset_minutes: int
    withdrawn: bool
    told: dict[str, Any]


def heard_log(logged: ExerciseLogged) -> HeardLog:
    """What an event says."""
    told: dict[str, Any] = {name: getattr(logged, name) for name in TOLD if logged.HasField(name)}
    told["sets_done"], told["repetitions_done"] = logged.sets_done, logged.repetitions_done
    told["symptoms"] = list(logged.symptoms)
    return HeardLog(
        logged.source,
        logged.source_version,
        logged.client_id,
        logged.done.ToDatetime(UTC),
        logged.offset_minutes,
        logged.withdrawn,
        told,
    )


def latest(logs: Iterable[HeardLog]) -> list[HeardLog]:
    """The newest version of each log that was not withdrawn, in order of time."""
    newest: dict[str, HeardLog] = {}
    for log in logs:
        if log.source not in newest or log.version > newest[log.source].version:
            newest[log.source] = log
    return sorted(
        (log for log in newest.values() if not log.withdrawn), key=lambda log: (log.done, log.source)
    )


def identity(log: HeardLog) -> str:
    """The same for two logs that are one: the client's id, else where it is told."""
    return log.client_id or log.source
