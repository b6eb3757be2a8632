"""How a dose goes up, is cut, steps back or starts again, by clinical/progression/dose.toml; always within bounds."""

from __future__ import annotations

from decimal import Decimal

from clinical.dose_rules import Gap, dose_rules
from clinical.exercises import Bounds, Exercise, Variable
from services.exercise_prescription.domain.dose import EXTENT, Dose, bounds_of, down_to_grid


def can_rise(dose: Dose, exercise: Exercise) -> bool:
    """Whether any variable that the rules raise is below its max."""
    return any(_raised(dose, exercise, variable) is not None for variable in exercise.progress)


def stepped_up(dose: Dose, exercise: Exercise, *, extra_reps: bool) -> Dose | None:
    """One step up in the first variable that may be raised now, None if none may.

    `extra_reps`: the repetitions beyond the target that a higher load asks for were done.
    """
    gate = dose_rules().gate
    for variable in exercise.progress:
        raised = _raised(dose, exercise, variable)
        if raised is None or (variable == "load" and not extra_reps):
            continue
        rise = raised.volume * 100 - dose.volume * (100 + gate.weekly_volume_rise_at_most)
        if variable in gate.volume_rise_exempt or rise <= 0:
            return raised
    return None


def cut(dose: Dose, exercise: Exercise) -> Dose | None:
    """The dose after a RED: a share less, at least one step; None if everything is at its min."""
    found = _first_above_min(dose, exercise)
    if found is None:
        return None
    variable, value, bounds = found
    share = down_to_grid(value * (100 - dose_rules().cut.percent) / 100, bounds)
    return dose.with_value(variable, max(bounds.min, min(share, value - bounds.step)))


def stepped_back(dose: Dose, exercise: Exercise) -> Dose | None:
    """One step less in the variable that a RED would cut; None if everything is at its min."""
    found = _first_above_min(dose, exercise)
    if found is None:
        return None
    variable, value, bounds = found
    return dose.with_value(variable, max(bounds.min, value - bounds.step))


def restarted(dose: Dose, exercise: Exercise, gap: Gap) -> Dose | None:
    """A share of the volume after a long gap; None if nothing could fall."""
    assert gap.percent is not None, "a gap that restarts says how"
    assert gap.percent_at_most is not None, "a gap that restarts says how"
    made = dose
    for variable in EXTENT:
        value, bounds = dose.value(variable), bounds_of(exercise, variable)
        if value is not None and bounds is not None:
            made = made.with_value(variable, min(value, down_to_grid(value * gap.percent / 100, bounds)))
            break
    sets, most = exercise.dose.sets, dose.volume * gap.percent_at_most / 100
    while made.sets is not None and made.sets > sets.min and made.volume > most:
        made = made.with_value("sets", max(sets.min, made.sets - sets.step))
    return made if made != dose else None


def _raised(dose: Dose, exercise: Exercise, variable: Variable) -> Dose | None:
    value, bounds = dose.value(variable), bounds_of(exercise, variable)
    if value is None or bounds is None or value + bounds.step > bounds.max:
        return None
    raised = dose.with_value(variable, value + bounds.step)
    rules = dose_rules().step_up
    if variable in rules.reset_when:
        for reset in rules.reset:
            low = bounds_of(exercise, reset)
            if low is not None and raised.value(reset) is not None:
                raised = raised.with_value(reset, low.min)
    return raised


def _first_above_min(dose: Dose, exercise: Exercise) -> tuple[Variable, Decimal, Bounds] | None:
    for variable in dose_rules().cut.order:
        value, bounds = dose.value(variable), bounds_of(exercise, variable)
        if value is not None and bounds is not None and value > bounds.min:
            return variable, value, bounds
    return None
