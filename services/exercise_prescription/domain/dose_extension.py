"""A dose as a FHIR extension, the same on a prescription, a protocol's action and a proposal."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, cast, get_args

from clinical.exercises import Exercise, Load, Variant
from services.exercise_prescription.domain.dose import VARIABLES, Dose, bounds_of
from services.exercise_prescription.domain.terms import DOSE, LOAD, UCUM
from telerehab.canonical import extensions
from telerehab.fhir.json import JsonObject, Number

_PARTS = {
    "sets": "sets",
    "reps": "repetitions",
    "hold_seconds": "hold",
    "duration_seconds": "duration",
    "distance_metres": "distance",
    "load": "load",
}
_COUNTED = ("sets", "reps")


class UnreadableDose(ValueError):
    """An extension that is no dose."""


def dose_extension(dose: Dose, exercise: Exercise, *more: JsonObject) -> JsonObject:
    """The extension; `more` are further parts (rest, tempo, effort, pain limit)."""
    parts: list[JsonObject] = [{"url": "variant", "valueCode": dose.variant}]
    for variable in VARIABLES:
        value = dose.value(variable)
        if value is not None:
            parts.append({"url": _PARTS[variable], **_written(variable, value, exercise)})
    return {"url": DOSE, "extension": [*parts, *more]}


def stated_dose(element: JsonObject) -> Dose:
    """The dose in the extension of `element`; a variable that is not stated is None. Raises UnreadableDose."""
    found = extensions(element, DOSE)
    if len(found) != 1:
        raise UnreadableDose("It must have one exercise-dose.")
    parts = {part.get("url"): part for part in found[0].get("extension", ())}
    variant = parts.get("variant", {}).get("valueCode", "standard")
    if variant not in get_args(Variant):
        raise UnreadableDose("The variant is easier, standard or harder.")
    dose = Dose(cast(Variant, variant))
    for variable in VARIABLES:
        part = parts.get(_PARTS[variable])
        if part is not None:
            dose = dose.with_value(variable, _read(part))
    return dose


def seconds(value: Decimal | int) -> JsonObject:
    """A Duration or Quantity in seconds."""
    return {"value": number(value), "unit": "s", "system": UCUM, "code": "s"}


def number(value: Decimal | int) -> Any:
    """A number as JSON has it: whole ones without a point."""
    exact = Decimal(value)
    return int(exact) if exact == exact.to_integral_value() else Number(f"{exact.normalize():f}")


def _written(variable: str, value: Decimal, exercise: Exercise) -> JsonObject:
    if variable in _COUNTED:
        return {"valuePositiveInt": int(value)}
    if variable == "distance_metres":
        return {"valueQuantity": {"value": number(value), "unit": "m", "system": UCUM, "code": "m"}}
    if variable == "load":
        load = bounds_of(exercise, "load")
        unit = load.unit if isinstance(load, Load) else "kg"
        system = UCUM if unit == "kg" else LOAD
        return {"valueQuantity": {"value": number(value), "unit": unit, "system": system, "code": unit}}
    return {"valueDuration": seconds(value)}


def _read(part: JsonObject) -> Decimal:
    value = part.get("valuePositiveInt")
    if value is None:
        value = (part.get("valueDuration") or part.get("valueQuantity") or {}).get("value")
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise UnreadableDose(f"'{part.get('url')}' has no value.") from None
