"""A response to one of our instruments has its score in the same commit, and loses it when it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.outcomes.domain.answers import SUBMITTED, instrument_of
from services.outcomes.domain.score_observation import score_observation, withdrawn
from telerehab.change import Change, Verdict, Write, rule
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource


def is_to_one_of_ours(change: Change) -> bool:
    """Whether the answers are to an instrument of ours, or were before this change."""
    return any(each and instrument_of(each.content) for each in (change.before, change.after))


@rule("QuestionnaireResponse", when=is_to_one_of_ours)
def submitted_response_is_scored(change: Change) -> Iterator[Verdict]:
    """An amended response is scored anew, as the next version of the same Observation."""
    had = scored(change.before, change.now)
    has = scored(change.after, change.now)
    if had is not None and (has is None or has["id"] != had["id"]):
        yield Write(withdrawn(had))
    if has is not None:
        yield Write(has)


def scored(response: Resource | None, now: datetime) -> JsonObject | None:
    """The Observation with the score; None if the response is not submitted, or to no instrument of ours."""
    if response is None or response.content["status"] not in SUBMITTED:
        return None
    instrument = instrument_of(response.content)
    return score_observation(response.content, instrument, now) if instrument else None
