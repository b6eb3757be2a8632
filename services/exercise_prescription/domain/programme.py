"""A programme: the CarePlan of a protocol's phase for one patient, with a ServiceRequest for each exercise.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinical.exercises import Effort, Exercise, exercises
from services.exercise_prescription.domain.dose_extension import stated_dose
from services.exercise_prescription.domain.goals import goals
from services.exercise_prescription.domain.precautions import against, precaution
from services.exercise_prescription.domain.prescribed import Prescribed, Side, exercise_of, prescription
from services.exercise_prescription.domain.schedule import scheduled
from services.exercise_prescription.domain.terms import (
    DOSE,
    EXERCISE_THERAPY,
    PHYSICAL_ACTIVITY,
    PRECAUTION,
    PRESCRIPTION_VERSION,
    PROGRAMME_PART,
    exercise_id,
)
from telerehab.canonical import PROGRAMME, TIMEZONE, extension_value, extensions, with_extension
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from telerehab.identity import new_id
from telerehab.resource import Resource


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom and how a protocol is applied; references are "Type/id", `start` is the first day in `zone`."""

    subject: str
    start: date
    zone: ZoneInfo
    side: Side | None = None
    practitioner: str | None = None
    encounter: str | None = None
    organization: str | None = None


class Inapplicable(ValueError):
    """A PlanDefinition or what is wanted of it that makes no programme; `expression` says where."""

    def __init__(self, problem: str, expression: str) -> None:
        super().__init__(problem)
        self.expression = expression


def phase_of(plan: JsonObject, name: str | None) -> tuple[int, JsonObject]:
    """The action that is the phase `name`, or the first phase, with its place; raises Inapplicable."""
    phases = [
        (place, action)
        for place, action in enumerate(plan.get("action", ()))
        if (PROGRAMME_PART, "phase") in _codes(action)
    ]
    if not phases:
        raise Inapplicable("The PlanDefinition has no phase that could be applied.", "PlanDefinition.action")
    for place, action in phases:
        if name is None or action.get("id") == name:
            return place, action
    known = ", ".join(str(action.get("id")) for _, action in phases)
    raise Inapplicable(f"The PlanDefinition has no such phase; it has: {known}.", "Parameters.phase")


def programme(
    plan: JsonObject,
    phase_name: str | None,
    wanted: Wanted,
    now: datetime,
    history: Sequence[Resource] = (),
    pursued: Iterable[JsonObject] = (),
) -> Sequence[JsonObject]:
    """The draft CarePlan, then its ServiceRequests and new Goals; raises Inapplicable.

    `history` are Conditions and Procedures of the patient, `pursued` the Goals there are.
    """
    place, phase = phase_of(plan, phase_name)
    care_plan_id = new_id()
    period = _period(phase, wanted)
    requests = [
        prescription(
            new_id(),
            _prescribed(action, f"PlanDefinition.action[{place}].action[{number}]", wanted),
            subject=wanted.subject,
            care_plan_id=care_plan_id,
            authored=utc(now),
            bounds=period,
            requester=wanted.practitioner,
            encounter=wanted.encounter,
            reason=_reason(plan),
        )
        for number, action in enumerate(phase.get("action", ()))
    ]
    if not requests:
        raise Inapplicable("The phase has no exercise.", f"PlanDefinition.action[{place}].action")
    cautioned = [_cautioned(request, history, now) for request in requests]
    references, new = goals(
        plan,
        pursued,
        subject=wanted.subject,
        start=wanted.start,
        from_week=int(phase.get("timingRange", {}).get("low", {}).get("value", 0)),
        clinician=wanted.practitioner,
    )
    care_plan = _care_plan(care_plan_id, plan, phase, cautioned, period, wanted, now)
    if references:
        care_plan["goal"] = [{"reference": reference} for reference in references]
    because = dict.fromkeys(source for request in cautioned for source in _sources(request))
    if because:
        care_plan["supportingInfo"] = [{"reference": source} for source in because]
    return [care_plan, *cautioned, *new]


def with_versions(care_plan: JsonObject, versions: dict[str, int]) -> JsonObject:
    """The CarePlan naming the versions (by "ServiceRequest/id") of its prescriptions that hold now."""
    activities = [
        with_extension(activity, {"url": PRESCRIPTION_VERSION, "valuePositiveInt": versions[reference]})
        if (reference := str(activity.get("reference", {}).get("reference"))) in versions
        else activity
        for activity in care_plan.get("activity", ())
    ]
    return {**care_plan, "activity": activities}


def prescriptions_of(care_plan: JsonObject) -> list[str]:
    """References of its prescriptions, in its order."""
    return [str(reference) for reference in values_at(care_plan, "activity.reference.reference")]


def _cautioned(request: JsonObject, history: Sequence[Resource], now: datetime) -> JsonObject:
    """The prescription with what in the patient's history speaks against it, for whoever activates it to see."""
    exercise = exercise_of(request)
    found = against(exercise, history, now) if exercise else []
    stated = [
        precaution(
            one.rule.level,
            one.rule.text,
            {"url": "rule", "valueCode": one.rule.id},
            {"url": "because", "valueReference": {"reference": one.source}},
        )
        for one in found
    ]
    return {**request, "extension": [*request["extension"], *stated]} if stated else request


def _sources(request: JsonObject) -> list[str]:
    because = (extension_value(one, "because") for one in extensions(request, PRECAUTION))
    return [str(one["reference"]) for one in because if one]


def _care_plan(
    id_: str,
    plan: JsonObject,
    phase: JsonObject,
    requests: Iterable[JsonObject],
    period: JsonObject,
    wanted: Wanted,
    now: datetime,
) -> JsonObject:
    made: JsonObject = {
        "resourceType": "CarePlan",
        "id": id_,
        "meta": {"profile": [PROGRAMME]},
        "extension": [{"url": TIMEZONE, "valueCode": wanted.zone.key}],
        "instantiatesCanonical": [f"{plan['url']}|{plan['version']}"],
        "status": "draft",
        "intent": "plan",
        "category": [PHYSICAL_ACTIVITY, {"coding": [EXERCISE_THERAPY]}],
        "title": f"{plan.get('title', plan['url'])}: {phase.get('title', phase.get('id'))}",
        "subject": {"reference": wanted.subject},
        "period": period,
        "created": utc(now),
        "activity": [{"reference": {"reference": f"ServiceRequest/{request['id']}"}} for request in requests],
    }
    if wanted.encounter:
        made["encounter"] = {"reference": wanted.encounter}
    if wanted.practitioner:
        made["author"] = {"reference": wanted.practitioner}
    if wanted.organization:
        made["contributor"] = [{"reference": wanted.organization}]
    return with_versions(made, {f"ServiceRequest/{request['id']}": 1 for request in requests})


def _reason(plan: JsonObject) -> JsonObject:
    """What the protocol is for: its focus, else its title."""
    contexts = [context.get("valueCodeableConcept") for context in plan.get("useContext", ())]
    return next((context for context in contexts if context), {"text": plan.get("title", plan["url"])})


def _period(phase: JsonObject, wanted: Wanted) -> JsonObject:
    """Local midnight of the first day, to that after the last one of the phase."""
    weeks = phase.get("timingRange", {})
    low, high = (weeks.get(name, {}).get("value", 0) for name in ("low", "high"))
    period = {"start": _midnight(wanted.start, wanted.zone)}
    if high > low:
        period["end"] = _midnight(wanted.start + timedelta(weeks=int(high - low)), wanted.zone)
    return period


def _midnight(day: date, zone: ZoneInfo) -> str:
    return datetime.combine(day, time.min, zone).isoformat(timespec="seconds")


def _prescribed(action: JsonObject, where: str, wanted: Wanted) -> Prescribed:
    exercise = exercises().get(exercise_id(action.get("definitionCanonical")))
    if exercise is None:
        raise Inapplicable("The action is no exercise known here.", f"{where}.definitionCanonical")
    dose = next(iter(extensions(action, DOSE)), {})
    effort = extension_value(dose, "effort") or {}
    pain_limit = extension_value(dose, "painLimit")
    return Prescribed(
        exercise,
        stated_dose(action),
        scheduled(
            extension_value(dose, "timesPerDay") or int(exercise.dose.per_day.start),
            extension_value(dose, "daysPerWeek") or int(exercise.dose.days_per_week.start),
            wanted.start,
        ),
        Effort(
            low=effort.get("low", {}).get("value", exercise.dose.effort.low),
            high=effort.get("high", {}).get("value", exercise.dose.effort.high),
        ),
        exercise.dose.pain_limit if pain_limit is None else pain_limit,
        _side(exercise, wanted),
    )


def _side(exercise: Exercise, wanted: Wanted) -> Side | None:
    if exercise.side == "both-at-once":
        return None
    if exercise.side == "each":
        return "both"
    if wanted.side is None:
        raise Inapplicable(f"'{exercise.id}' is done for one side: which?", "Parameters.side")
    return wanted.side


def _codes(action: JsonObject) -> set[tuple[object, object]]:
    return {
        (coding.get("system"), coding.get("code"))
        for concept in action.get("code", ())
        for coding in concept.get("coding", ())
    }
