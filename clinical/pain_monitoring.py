"""The pain traffic light of an exercise bout, from clinical/progression/pain-monitoring.toml."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Literal

from clinical.logs import Colour, Log, Reason
from clinical.reading import read, stated


@stated
class Climbing:
    """The mean pain_max of the last `days` is `at_least` over that of the `days` before, and this bout is > `above`.

    Each of the two needs `minimum_logs`.
    """

    days: int
    at_least: Decimal
    above: Decimal
    minimum_logs: int
    source: str


@stated
class Repeated:
    """`reds` RED bouts of one exercise within `days` (the day of the last included) pause it and tell a clinician."""

    reds: int
    days: int
    level: str
    source: str


@stated
class LightCase:
    """Worked case: earlier logs, the log judged, the pain limit if lowered; colour, reason ids and whether complete."""

    id: str
    log: Log
    colour: Colour
    complete: bool
    reasons: tuple[str, ...] = ()
    earlier: tuple[Log, ...] = ()
    pain_limit: Decimal | None = None


@stated
class PainMonitoring:
    """The traffic light of one bout.

    RED when pain_max or pain_after > amber_to (or a lower limit prescribed), when next_morning > pain_before, when pain
    climbs from week to week, or with a symptom whose `light` is red. Else without pain_max it is `unknown`. Else
    AMBER when pain_max or pain_after > green_to, else GREEN. `complete`: every field of `complete_needs` was logged.
    """

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    green_to: Decimal
    amber_to: Decimal
    complete_needs: tuple[Literal["done", "pain_before", "pain_max", "next_morning", "effort"], ...]
    climbing: Climbing
    repeated: Repeated
    reason: tuple[Reason, ...]
    case: tuple[LightCase, ...]


@cache
def pain_monitoring() -> PainMonitoring:
    """The traffic light."""
    return read(PainMonitoring, "progression/pain-monitoring.toml")
