"""What in a home log brings a human, from clinical/progression/alarms.toml."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Literal

from clinical.logs import Log
from clinical.reading import read, stated


@stated
class Symptom:
    """A symptom a log can name; `level` None: it makes no alarm by itself; `screen_again`: red flags are due again."""

    id: str
    text: str
    light: Literal["red", "none"]
    source: str
    level: str | None = None
    screen_again: bool = False
    tells: str | None = None


@stated
class SeverePain:
    """Pain of at least this much in any field of a log."""

    at_least: Decimal
    level: str
    source: str


@stated
class PainSpike:
    """The day's worst pain is at least `rise` above the mean of the days before, `days_running` days running.

    The mean is that of the worst pains of the days with a log in the `mean_days` calendar days before the first day of
    the run; it needs `minimum_days` of them. One to `gap_days` days without a log do not break a run.
    """

    rise: Decimal
    mean_days: int
    days_running: int
    minimum_days: int
    gap_days: int
    level: str
    source: str


@stated
class AlarmCase:
    """Worked case: the logs, and the ids of the alarms that hold on `today`."""

    id: str
    today: int
    logs: tuple[Log, ...]
    alarms: tuple[str, ...]
    level: str | None = None


@stated
class Alarms:
    """What in a home log brings a human, and by when (`level` in red-flags/levels.toml).

    Alarm ids: "severe-pain", "pain-spike" and the ids of the symptoms that have a level. `shown`: what every patient
    who logs is told.
    """

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    shown: str
    severe_pain: SeverePain
    pain_spike: PainSpike
    symptom: tuple[Symptom, ...]
    case: tuple[AlarmCase, ...]


@cache
def alarms() -> Alarms:
    """What in a log alarms."""
    return read(Alarms, "progression/alarms.toml")
