"""Protocols: programmes for a condition in phases, from clinical/protocols/."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Literal

from clinical.exercises import Variant
from clinical.reading import names, read, stated


@stated
class PhaseExercise:
    """An exercise of a phase; what is absent is the exercise's own start."""

    id: str
    variant: Variant = "standard"
    sets: Decimal | None = None
    reps: Decimal | None = None
    hold_seconds: Decimal | None = None
    duration_seconds: Decimal | None = None
    distance_metres: Decimal | None = None
    load: Decimal | None = None
    per_day: Decimal | None = None
    days_per_week: Decimal | None = None
    effort_low: Decimal | None = None
    effort_high: Decimal | None = None


@stated
class Criterion:
    """What has to be true before the next phase (or the discharge); a clinician confirms each.

    `adherence`: percent at least; `no-red`: no RED for so many days; `pain`: at most, and settled within 24 hours;
    `test`: the named test improved by at least `at_least` `unit` since the start; `dose`: every exercise done at this
    many sets and reps with good alignment; `clinician`: a judgement in words.
    """

    id: str
    kind: Literal["adherence", "no-red", "pain", "test", "dose", "clinician"]
    text: str
    source: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    days: int | None = None
    unit: str | None = None
    measure: str | None = None
    sets: int | None = None
    reps: int | None = None


@stated
class Phase:
    """From week `from_week` (0 is the first) up to, not including, `to_week`; later if its criteria are not met."""

    id: str
    title: str
    from_week: int
    to_week: int
    exercise: tuple[PhaseExercise, ...]
    criterion: tuple[Criterion, ...]


@stated
class Education:
    """What the patient is taught, and when."""

    id: str
    title: str
    text: str
    week: int


@stated
class Goal:
    """What the programme is for, measured by an instrument or a test; `text` is shown to the patient."""

    id: str
    text: str
    measure: str
    better: Literal["higher", "lower"]
    change_at_least: Decimal
    unit: str
    due_week: int


@stated
class Measurement:
    """What is measured in which weeks (0 is the start)."""

    id: str
    text: str
    kind: Literal["instrument", "test"]
    weeks: tuple[int, ...]


@stated
class Protocol:
    """A programme; `condition` in words, `region` as in exercises and red flags."""

    id: str
    title: str
    version: str
    condition: str
    region: str
    sources: tuple[str, ...]
    duration_weeks: int
    sessions_per_week: int
    review_days: int
    red_flags: str
    education: tuple[Education, ...]
    goal: tuple[Goal, ...]
    measurement: tuple[Measurement, ...]
    phase: tuple[Phase, ...]
    contraindication: tuple[str, ...]
    notes: tuple[str, ...] = ()


@cache
def protocols() -> Mapping[str, Protocol]:
    """Every protocol by its id ("hip-oa")."""
    return MappingProxyType({name: read(Protocol, f"protocols/{name}.toml") for name in names("protocols")})
