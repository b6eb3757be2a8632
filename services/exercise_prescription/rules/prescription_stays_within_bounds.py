"""A prescription of ours never leaves the bounds of its exercise, in its dose and in how often it is due."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from services.exercise_prescription.domain.dose import fault_of, outside
from services.exercise_prescription.domain.dose_extension import UnreadableDose
from services.exercise_prescription.domain.prescribed import (
    Prescribed,
    UnknownExercise,
    is_prescription,
    prescribed,
)
from services.exercise_prescription.domain.schedule import UnreadableTiming
from telerehab.change import Change, Refuse, Verdict, rule

AT_DOSE = "ServiceRequest.extension('exercise-dose')"
AT_TIMING = "ServiceRequest.occurrenceTiming.repeat"


def is_written(change: Change) -> bool:
    """Whether a prescription of ours is written; deleting one is not judged here."""
    return change.after is not None and is_prescription(change.after.content)


@rule("ServiceRequest", when=is_written)
def prescription_stays_within_bounds(change: Change) -> Iterator[Verdict]:
    """Whoever writes it, and whatever it says beside."""
    if change.content["status"] == "entered-in-error":
        return
    try:
        what = prescribed(change.content)
    except UnknownExercise as problem:
        yield Refuse(str(problem), "ServiceRequest.instantiatesCanonical")
    except UnreadableDose as problem:
        yield Refuse(str(problem), AT_DOSE)
    except UnreadableTiming as problem:
        yield Refuse(str(problem), AT_TIMING)
    else:
        yield from _dose(what)
        yield from _schedule(what)
        yield from _side(what)


def _dose(what: Prescribed) -> Iterator[Verdict]:
    for variable, allowed in outside(what.dose, what.exercise):
        yield Refuse(f"{variable} of '{what.exercise.id}' is out of bounds: {allowed}.", AT_DOSE)
    if not 0 <= what.pain_limit <= what.exercise.dose.pain_limit:
        yield Refuse(
            f"The pain limit may be lowered, not raised above {what.exercise.dose.pain_limit}.", AT_DOSE
        )
    if not 0 <= what.effort.low <= what.effort.high <= 10:
        yield Refuse("Effort is a range on the scale of 0 to 10.", AT_DOSE)


def _schedule(what: Prescribed) -> Iterator[Verdict]:
    stated = (
        ("times a day", what.schedule.per_day, what.exercise.dose.per_day),
        ("days a week", what.schedule.days_per_week, what.exercise.dose.days_per_week),
    )
    for name, value, bounds in stated:
        allowed = fault_of(Decimal(value), bounds)
        if allowed:
            yield Refuse(f"'{what.exercise.id}' cannot be due {value} {name}: {allowed}.", AT_TIMING)


def _side(what: Prescribed) -> Iterator[Verdict]:
    if what.exercise.side == "one" and what.side is None:
        yield Refuse("It is done for one side: bodySite must say which.", "ServiceRequest.bodySite")
