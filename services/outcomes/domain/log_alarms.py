"""What in home logs brings a human, as clinical/progression/alarms.toml states it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from clinical.alarms import Symptom, alarms
from clinical.logs import Log
from services.outcomes.domain.alert import Sign, gravest, level
from services.outcomes.domain.codes import SAFETY

SEVERE_PAIN, PAIN_SPIKE = "severe-pain", "pain-spike"


def alarms_on(logs: Collection[Log], today: int) -> list[str]:
    """The ids of the alarms that hold on a day: severe pain, a spike, then symptoms in the order of the data."""
    pains = pain_by_day(logs)
    held = [SEVERE_PAIN] if pains.get(today, Decimal(0)) >= alarms().severe_pain.at_least else []
    held += [PAIN_SPIKE] if today in spikes(pains) else []
    told = {symptom for log in logs if log.day == today for symptom in log.symptoms}
    return held + [one.id for one in _alarming() if one.id in told]


def raised(log: Log, others: Collection[Log]) -> list[Sign]:
    """What a log that has arrived adds to the others, the gravest first, however late it comes.

    Severe pain is told once a day unless it gets worse; a spike where there was none without this log, on its own
    day or a later one; a symptom always.
    """
    shown = [*_severe(log, others), *_spike(log, others), *_symptoms(log)]
    return sorted(shown, key=lambda sign: (sign.level.rank, sign.code))


def pain_by_day(logs: Collection[Log]) -> Mapping[int, Decimal]:
    """The highest of all pains of each day; that of the next morning belongs to the next day."""
    worst: dict[int, Decimal] = {}
    for log in logs:
        for day, pain in _pains(log):
            worst[day] = max(pain, worst.get(day, pain))
    return worst


def spikes(pains: Mapping[int, Decimal]) -> set[int]:
    """The days that end a run of days on each of which pain is so much above the mean before the run."""
    days = sorted(pains)
    length = alarms().pain_spike.days_running
    runs = (days[end - length : end] for end in range(length, len(days) + 1))
    return {run[-1] for run in runs if _is_spike(run, pains)}


def _is_spike(run: Sequence[int], pains: Mapping[int, Decimal]) -> bool:
    stated = alarms().pain_spike
    gaps = (later - earlier - 1 for earlier, later in pairwise(run))
    if any(gap > stated.gap_days for gap in gaps):
        return False
    before = [pain for day, pain in pains.items() if run[0] - stated.mean_days <= day < run[0]]
    if len(before) < stated.minimum_days:
        return False
    # not divided, so that no mean is rounded: pain >= sum / n + rise
    return all((pains[day] - stated.rise) * len(before) >= sum(before) for day in run)


def _severe(log: Log, others: Collection[Log]) -> Iterator[Sign]:
    stated, known = alarms().severe_pain, pain_by_day(others)
    severe = [pain for day, pain in _pains(log) if pain >= stated.at_least and pain > known.get(day, -1)]
    if severe:
        text = f"Pain of {stated.at_least} or more in a home log."
        yield Sign(SAFETY, f"log.{SEVERE_PAIN}", text, "severe pain", level(stated.level), max(severe))


def _spike(log: Log, others: Collection[Log]) -> Iterator[Sign]:
    if spikes(pain_by_day([*others, log])) - spikes(pain_by_day(others)):
        stated = alarms().pain_spike
        text = (
            f"Pain rose by {stated.rise} or more above the mean of the {stated.mean_days} days before,"
            f" on {stated.days_running} days running."
        )
        yield Sign(SAFETY, f"log.{PAIN_SPIKE}", text, "pain spike", level(stated.level))


def _symptoms(log: Log) -> Iterator[Sign]:
    known = {symptom.id: symptom for symptom in alarms().symptom}
    for id_ in dict.fromkeys(log.symptoms):
        symptom = known.get(id_)
        if symptom is None:
            text = "A symptom that is not known here: somebody has to ask."
            yield Sign(SAFETY, "log.unknown-symptom", text, "not known", gravest())
        elif symptom.level is not None:
            yield Sign(SAFETY, f"log.{id_}", symptom.text, symptom.text, level(symptom.level))


def _alarming() -> list[Symptom]:
    return [symptom for symptom in alarms().symptom if symptom.level is not None]


def _pains(log: Log) -> Iterator[tuple[int, Decimal]]:
    pains = [(log.day, pain) for pain in (log.pain_before, log.pain_max, log.pain_after)]
    return ((day, pain) for day, pain in [*pains, (log.day + 1, log.next_morning)] if pain is not None)
