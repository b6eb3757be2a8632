"""Exercises with the bounds of their doses, from clinical/exercises/."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Literal

from clinical.reading import names, read, stated

Variant = Literal["easier", "standard", "harder"]
Variable = Literal["reps", "hold_seconds", "duration_seconds", "distance_metres", "sets", "load"]


@stated
class Bounds:
    """A dose never leaves min to max; it starts at start and moves by step, always on the grid min + n * step."""

    min: Decimal
    start: Decimal
    max: Decimal
    step: Decimal


@stated
class Load(Bounds):
    """Resistance: kilograms, or the level of an elastic band in loads.toml (0 is none)."""

    unit: Literal["kg", "band-level"]


@stated
class Effort:
    """Perceived effort on the CR10 scale, 0 to 10, that the last set should reach."""

    low: Decimal
    high: Decimal


@stated
class Dose:
    """What is prescribed of one exercise; a variable that is absent does not apply to it.

    sets of reps, each held hold_seconds; or of duration_seconds; or of distance_metres. `per_side`: the numbers are
    for each side. `rest_seconds` between sets; `tempo` lowering-pause-lifting-pause in seconds; `pain_limit` is the
    highest acceptable pain 0 to 10 during the exercise: a clinician may lower it, never raise it above.
    """

    sets: Bounds
    per_day: Bounds
    days_per_week: Bounds
    effort: Effort
    pain_limit: int
    rest_seconds: int
    reps: Bounds | None = None
    hold_seconds: Bounds | None = None
    duration_seconds: Bounds | None = None
    distance_metres: Bounds | None = None
    load: Load | None = None
    tempo: str | None = None


@stated
class Partner:
    """The easier or harder form: in words, and the exercise of ours that it is, if it is one."""

    text: str
    exercise: str | None = None


@stated
class Contraindication:
    """`block`: not to be prescribed unless a clinician overrides with a reason; `precaution`: to be acknowledged."""

    text: str
    level: Literal["block", "precaution"]


@stated
class Instructions:
    """What the patient reads, by role; each a plain sentence or two."""

    prepare: str
    move: str
    form: str
    breathe: str
    stop_if: str


@stated
class Exercise:
    """One exercise. `progress`: the variables the dose rules raise, one at a time, in this order.

    `side`: "both-at-once" has no side; "each" is done with each side in turn (the dose is per side); "one" is
    prescribed for left, right or both. `tags` are what precautions look for: movement, load, position.
    """

    id: str
    number: int
    title: str
    version: str
    purpose: Literal["mobility", "strength", "motor-control", "isometric", "balance", "stretch", "aerobic"]
    aim: str
    position: str
    equipment: tuple[str, ...]
    side: Literal["both-at-once", "each", "one"]
    tags: tuple[str, ...]
    progress: tuple[Variable, ...]
    dose: Dose
    easier: Partner
    harder: Partner
    contraindication: tuple[Contraindication, ...]
    instructions: Instructions


@stated
class ExerciseFile:
    """The exercises of one region."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    exercise: tuple[Exercise, ...]


@stated
class Band:
    """A level of elastic resistance."""

    level: int
    text: str


@stated
class Loads:
    """The elastic bands by level."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    band: tuple[Band, ...]


@cache
def exercise_files() -> Mapping[str, ExerciseFile]:
    """Every region's file by region ("hip")."""
    return MappingProxyType(
        {name: read(ExerciseFile, f"exercises/{name}.toml") for name in names("exercises")}
    )


@cache
def exercises() -> Mapping[str, Exercise]:
    """Every exercise by its id ("bridge")."""
    return MappingProxyType({one.id: one for file in exercise_files().values() for one in file.exercise})


@cache
def region(exercise: str) -> str:
    """The region whose file states `exercise`."""
    return next(
        name for name, file in exercise_files().items() if any(one.id == exercise for one in file.exercise)
    )


@cache
def loads() -> Loads:
    """The elastic bands."""
    return read(Loads, "loads.toml")
