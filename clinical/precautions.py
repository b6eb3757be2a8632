"""What in a patient's history speaks against an exercise, from clinical/precautions.toml."""

from __future__ import annotations

from functools import cache
from typing import Literal

from clinical.reading import read, stated


@stated
class Precaution:
    """A condition or operation by its codes, and the exercises it is about: those named, those with a tag, or all.

    `icd10` are beginnings of codes, `snomed` whole ones; `within_weeks` of its date, for ever where absent.
    """

    id: str
    text: str
    level: Literal["block", "precaution"]
    source: str
    icd10: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    within_weeks: int | None = None


@stated
class PrecautionCase:
    """Worked case: an exercise, and a condition by its code, `weeks_ago` (absent: without a date), `over` or not."""

    id: str
    exercise: str
    expect: tuple[str, ...] = ()
    icd10: str | None = None
    snomed: str | None = None
    weeks_ago: int | None = None
    over: bool = False


@stated
class Precautions:
    """The rules in the order in which they are named."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    rule: tuple[Precaution, ...]
    case: tuple[PrecautionCase, ...]


@cache
def precautions() -> Precautions:
    """What speaks against exercises."""
    return read(Precautions, "precautions.toml")
