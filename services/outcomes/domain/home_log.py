"""Home logs: what a patient tells of an exercise, or of pain outside of any, as an Observation with components.

https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from clinical.logs import Log
from services.outcomes.domain.codes import has_code
from telerehab.canonical import EXERCISE_LOG, HOME_LOG, PAIN_LOG, SYMPTOM, has_profile
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.references import id_at

SCALE = (0, 10)
COUNTED = {
    "sets": (0, 100),
    "repetitions": (0, 10_000),
    "extra-repetitions": (0, 1000),
    "seconds": (0, 86_400),
    "metres": (0, 100_000),
    "done": (0, 1000),
    "pain-before": SCALE,
    "pain-max": SCALE,
    "pain-after": SCALE,
    "pain-next-morning": SCALE,
    "effort": SCALE,
}
"""Components of a log that hold an integer, with the least and greatest it may be; `done` is in percent."""
SYMPTOM_COMPONENT = "symptom"
UNKNOWN_SYMPTOM = "unknown-symptom"
Fault = tuple[str, str]
"""What is wrong, and where."""


def is_exercise_log(content: JsonObject) -> bool:
    """Whether an Observation tells of an exercise: by its profile or its code."""
    return has_profile(content, EXERCISE_LOG) or _is_coded(content, "exercise-log")


def is_home_log(content: JsonObject) -> bool:
    """Whether an Observation is a home log of either kind."""
    return is_exercise_log(content) or has_profile(content, PAIN_LOG) or _is_coded(content, "pain-log")


def identifiers(observation: JsonObject) -> list[tuple[str, str]]:
    """System and value of each identifier that has both."""
    listed = observation.get("identifier", ())
    return [(one["system"], one["value"]) for one in listed if "system" in one and "value" in one]


def local_date(observation: JsonObject) -> str:
    """The day it is about, where the patient was; empty if it does not say."""
    effective = observation.get("effectiveDateTime")
    return str(effective)[:10] if moment(effective) else ""


def offset_minutes(observation: JsonObject) -> int:
    """The patient's zone, in minutes east of UTC, as the log states it."""
    offset = datetime.fromisoformat(observation["effectiveDateTime"]).utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0


def log_of(observation: JsonObject) -> Log:
    """What it tells; `day` is the ordinal of its local date."""
    counted = dict(_numbers(observation))
    return Log(
        day=date.fromisoformat(local_date(observation)).toordinal(),
        id="|".join(next(iter(identifiers(observation)), ())) or None,
        done=_decimal(counted.get("done")),
        pain_before=_decimal(counted.get("pain-before")),
        pain_max=_decimal(counted.get("pain-max")),
        pain_after=_decimal(counted.get("pain-after")),
        next_morning=_decimal(counted.get("pain-next-morning")),
        effort=_decimal(counted.get("effort")),
        extra_reps=counted.get("extra-repetitions"),
        symptoms=tuple(_symptoms(observation)),
    )


def number(observation: JsonObject, code: str) -> int | None:
    """The integer of one component, None if it was not told."""
    return dict(_numbers(observation)).get(code)


def faults(observation: JsonObject) -> Iterator[Fault]:
    """Why a log would not be understood; a symptom that is not known is no fault, a human looks at it."""
    if not identifiers(observation):
        yield (
            "A log has an identifier, with system and value, that its app gave it.",
            "Observation.identifier",
        )
    if not local_date(observation):
        yield "A log says when it was done, with time and zone.", "Observation.effectiveDateTime"
    if not id_at(observation, "subject", "Patient"):
        yield "A log is of a Patient.", "Observation.subject"
    if is_exercise_log(observation) and not id_at(observation, "basedOn", "ServiceRequest"):
        yield "An exercise log is based on the ServiceRequest that prescribes it.", "Observation.basedOn"
    yield from _faults_of_components(observation)


def _faults_of_components(observation: JsonObject) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, component in enumerate(observation.get("component", ())):
        code, where = _code(component), f"Observation.component[{index}]"
        if code == SYMPTOM_COMPONENT:
            continue
        low, high = COUNTED.get(code, (0, -1))
        value = component.get("valueInteger")
        if code not in COUNTED:
            yield (
                f"A log has no component of this code, in which a danger sign might be missed;"
                f" it may have, of {HOME_LOG}: {', '.join(COUNTED)}, symptom.",
                f"{where}.code",
            )
        elif code in seen:
            yield f"The component {code} is given twice.", where
        elif not isinstance(value, int) or not low <= value <= high:
            yield f"The component {code} is a valueInteger of {low} to {high}.", f"{where}.value"
        seen.add(code)


def _numbers(observation: JsonObject) -> Iterator[tuple[str, int]]:
    for component in observation.get("component", ()):
        if _code(component) in COUNTED and "valueInteger" in component:
            yield _code(component), int(component["valueInteger"])


def _symptoms(observation: JsonObject) -> Iterator[str]:
    for component in observation.get("component", ()):
        if _code(component) == SYMPTOM_COMPONENT:
            codings = values_at(component, "valueCodeableConcept.coding")
            own = (str(one["code"]) for one in codings if one.get("system") == SYMPTOM and "code" in one)
            yield next(own, UNKNOWN_SYMPTOM)


def _code(component: JsonObject) -> str:
    """The code of ours; who leaves the system away means ours if it is one."""
    codings = values_at(component, "code.coding")
    stated = [str(one.get("code", "")) for one in codings if one.get("system") == HOME_LOG]
    bare = [str(one.get("code", "")) for one in codings if "system" not in one]
    return next(iter([*stated, *(one for one in bare if one in COUNTED or one == SYMPTOM_COMPONENT)]), "")


def _is_coded(observation: JsonObject, code: str) -> bool:
    return has_code(observation.get("code"), HOME_LOG, code)


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)
