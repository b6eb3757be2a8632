"""Which questionnaires are due around a visit, from clinical/screening/questionnaires-due.toml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from clinical.reading import read, stated


@stated
class BeforeVisit:
    """Due before a visit unless answered in the `fresh_days` days before it: an instrument, or the red flags."""

    id: str
    fresh_days: int
    text: str
    source: str
    instrument: str | None = None
    screening: bool = False


@stated
class AfterVisit:
    """Due `within_days` days after a visit, once for however many visits."""

    id: str
    instrument: str
    within_days: int
    text: str
    source: str


@stated
class DueCase:
    """Worked case: days from the last answer to the visit ("red-flags": that of the region); the ids that are due."""

    id: str
    answered: Mapping[str, int]
    due: tuple[str, ...]


@stated
class QuestionnairesDue:
    """What is due before and after a visit."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    before_visit: tuple[BeforeVisit, ...]
    after_visit: tuple[AfterVisit, ...]
    case: tuple[DueCase, ...]


@cache
def questionnaires_due() -> QuestionnairesDue:
    """What is due around a visit."""
    return read(QuestionnairesDue, "screening/questionnaires-due.toml")
