"""A dose: what is done each time of one exercise, always within the exercise's bounds and on their grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import get_args

from clinical.exercises import Bounds, Exercise, Variable, Variant

VARIABLES: tuple[Variable, ...] = get_args(Variable)
EXTENT: tuple[Variable, ...] = ("reps", "hold_seconds", "duration_seconds", "distance_metres")
"""What a set is made of; the volume is their product times the sets."""


@dataclass(frozen=True, slots=True)
class Dose:
    """What is done each time; None where the exercise has no such variable. Seconds, metres, Load.unit."""

    variant: Variant = "standard"
    sets: Decimal | None = None
    reps: Decimal | None = None
    hold_seconds: Decimal | None = None
    duration_seconds: Decimal | None = None
    distance_metres: Decimal | None = None
    load: Decimal | None = None

    def value(self, variable: Variable) -> Decimal | None:
        value: Decimal | None = getattr(self, variable)
        return value

    def with_value(self, variable: Variable, value: Decimal) -> Dose:
        return replace(self, **{variable: value})  # type: ignore[arg-type]  # a Variable is a field

    @property
    def volume(self) -> Decimal:
        """Sets times each of repetitions, hold, duration and distance that it has."""
        return (self.sets or Decimal(1)) * self.extent

    @property
    def extent(self) -> Decimal:
        """The volume of one set."""
        product = Decimal(1)
        for variable in EXTENT:
            product *= self.value(variable) or 1
        return product


def bounds_of(exercise: Exercise, variable: Variable) -> Bounds | None:
    """The bounds of a variable, None where the exercise does not have it."""
    bounds: Bounds | None = getattr(exercise.dose, variable)
    return bounds


def starting_dose(exercise: Exercise, stated: Dose | None = None) -> Dose:
    """The exercise's start in every variable that `stated` leaves open."""
    dose = stated or Dose()
    for variable in VARIABLES:
        bounds = bounds_of(exercise, variable)
        if bounds is not None and dose.value(variable) is None:
            dose = dose.with_value(variable, bounds.start)
    return dose


def outside(dose: Dose, exercise: Exercise) -> Iterator[tuple[Variable, str]]:
    """Each variable that is not as the exercise allows, with what it allows."""
    for variable in VARIABLES:
        fault = _fault(dose.value(variable), bounds_of(exercise, variable))
        if fault:
            yield variable, fault


def fault_of(value: Decimal, bounds: Bounds) -> str:
    """What the bounds allow if `value` is not allowed, else nothing."""
    return _fault(value, bounds)


def down_to_grid(value: Decimal, bounds: Bounds) -> Decimal:
    """The highest value of the grid that is not above `value`, and never below its min."""
    steps = (value - bounds.min) // bounds.step
    return max(bounds.min, bounds.min + steps * bounds.step)


def _fault(value: Decimal | None, bounds: Bounds | None) -> str:
    if bounds is None:
        return "" if value is None else "the exercise has no such variable"
    allowed = f"{bounds.min} to {bounds.max} in steps of {bounds.step}"
    if value is None:
        return f"it must be stated: {allowed}"
    on_grid = bounds.min <= value <= bounds.max and (value - bounds.min) % bounds.step == 0
    return "" if on_grid else allowed
