"""Answers of an instrument that alert a human whatever the score: clinical/instruments/, `safety`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from clinical.instruments import Instrument, Safety
from services.outcomes.domain.alert import Level, Sign, level
from services.outcomes.domain.answers import (
    SUBMITTED,
    Answers,
    NotUnderstood,
    answers,
    instrument_of,
    understood,
)
from services.outcomes.domain.codes import SAFETY
from telerehab.fhir.json import JsonObject


def raised(response: JsonObject) -> list[Sign]:
    """What a response shows, the gravest first; it depends neither on score nor version, nor on being finished."""
    instrument = instrument_of(response)
    if instrument is None or response["status"] == "entered-in-error":
        return []
    shown = _shown(instrument, answers(response), is_submitted=response["status"] in SUBMITTED)
    return sorted(shown, key=lambda sign: (sign.level.rank, sign.code))


def _shown(instrument: Instrument, given: Answers, *, is_submitted: bool) -> Iterator[Sign]:
    for safety in instrument.safety:
        grave = _grave(instrument, safety, given)
        if grave:
            yield _sign(instrument, safety, level(safety.level), "", max(grave))
        elif safety.blank_level and asks(instrument, safety, given) and is_submitted:
            yield _sign(instrument, safety, level(safety.blank_level), "-unanswered")


def _grave(instrument: Instrument, safety: Safety, given: Answers) -> list[Decimal]:
    """What the answers to the item count that are grave enough; one not understood, the least that is."""
    item = next(item for item in instrument.item if item.link_id == safety.item)
    counted: list[Decimal] = []
    for answer in given.get(item.link_id, ()):
        try:
            value = understood(instrument, item, {item.link_id: [answer]})
        except NotUnderstood:
            value = None
        counted.append(safety.at_least if value is None else value)
    return [value for value in counted if value >= safety.at_least]


def asks(instrument: Instrument, safety: Safety, given: Answers) -> bool:
    """Whether the item was left blank: then a human asks."""
    return not given.get(safety.item)


def _sign(
    instrument: Instrument, safety: Safety, grave: Level, suffix: str, degree: Decimal = Decimal(0)
) -> Sign:
    suspects = safety.id.replace("-", " ") + (": not answered" if suffix else "")
    return Sign(SAFETY, f"{instrument.id}.{safety.id}{suffix}", safety.text, suspects, grave, degree)
