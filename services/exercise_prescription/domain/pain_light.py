"""The pain traffic light of a bout, by clinical/progression/pain-monitoring.toml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from clinical.alarms import alarms
from clinical.logs import Colour, Log
from clinical.pain_monitoring import pain_monitoring

WORST_FIRST: tuple[Colour, ...] = ("red", "unknown", "amber", "green")


@dataclass(frozen=True, slots=True)
class Light:
    """The colour of a bout, why (ids in file order), and whether all that a progress needs was logged."""

    colour: Colour
    reasons: tuple[str, ...]
    complete: bool


def light_of(log: Log, logs: Sequence[Log], pain_limit: Decimal | None = None) -> Light:
    """The light of `log`, which is one of `logs`: all of the exercise, in any order.

    `pain_limit` is that of the prescription; it can lower the limit, never raise it.
    """
    rules = pain_monitoring()
    limit = rules.amber_to if pain_limit is None else min(rules.amber_to, pain_limit)
    red = set(_red(log, logs, limit))
    complete = all(getattr(log, name) is not None for name in rules.complete_needs)
    if red:
        return Light("red", tuple(one.id for one in rules.reason if one.id in red), complete)
    if log.pain_max is None:
        return Light("unknown", ("no-pain-logged",), complete)
    worst = _worst(log)
    assert worst is not None, "its highest pain was logged"
    return Light("amber" if worst > rules.green_to else "green", (), complete)


def worst_colour(lights: Iterable[Light]) -> Colour:
    """The one to act on of several; unknown is worse than amber, because it may be worse."""
    return min((light.colour for light in lights), key=WORST_FIRST.index)


def _red(log: Log, logs: Sequence[Log], limit: Decimal) -> Iterator[str]:
    worst = _worst(log)
    if worst is not None and worst > limit:
        yield "above-limit"
    if log.next_morning is not None and log.pain_before is not None and log.next_morning > log.pain_before:
        yield "not-settled"
    if log.pain_max is not None and _climbs(log.day, log.pain_max, logs):
        yield "climbing"
    if not _red_symptoms().isdisjoint(log.symptoms):
        yield "symptom"


def _worst(log: Log) -> Decimal | None:
    known = [pain for pain in (log.pain_max, log.pain_after) if pain is not None]
    return max(known) if known else None


def _climbs(day: int, pain_max: Decimal, logs: Sequence[Log]) -> bool:
    rules = pain_monitoring().climbing
    if pain_max <= rules.above:
        return False
    week = _mean(logs, day - rules.days, day)
    before = _mean(logs, day - 2 * rules.days, day - rules.days)
    return week is not None and before is not None and week - before >= rules.at_least


def _mean(logs: Sequence[Log], after: int, until: int) -> Decimal | None:
    """The mean highest pain of the days after `after` up to `until`, None where too few were logged."""
    known = [log.pain_max for log in logs if log.pain_max is not None and after < log.day <= until]
    if len(known) < pain_monitoring().climbing.minimum_logs:
        return None
    return sum(known, Decimal(0)) / len(known)


@cache
def _red_symptoms() -> frozenset[str]:
    return frozenset(symptom.id for symptom in alarms().symptom if symptom.light == "red")
