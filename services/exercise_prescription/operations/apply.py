"""PlanDefinition/[id]/$apply: a protocol's phase becomes a draft programme for a patient.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from typing import cast, get_args
from zoneinfo import ZoneInfo

from services.exercise_prescription.domain.dose_extension import UnreadableDose
from services.exercise_prescription.domain.goals import PURSUED
from services.exercise_prescription.domain.prescribed import Side
from services.exercise_prescription.domain.programme import Inapplicable, Wanted, programme
from services.exercise_prescription.patient_history import history_of
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

_REFERENCE = re.compile(r"([A-Za-z]+)/[A-Za-z0-9\-.]{1,64}")
_PRESCRIBERS = ("Practitioner", "PractitionerRole")
_PAST, _AHEAD = timedelta(days=3653), timedelta(days=731)
"""A programme taken over from another record began ten years ago at most; nobody plans one beyond two years."""


@operation("apply.json")
async def apply(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The CarePlan, a draft, with ServiceRequests and Goals; 422 for an unknown patient or what makes no programme."""
    plan = parameters.on
    assert plan is not None, "an instance-level operation is called on an instance"
    wanted = _wanted(parameters, work)
    if "url" not in plan.content or "version" not in plan.content:
        raise _refused("Only a PlanDefinition with url and version can be applied.", "PlanDefinition.url")
    _, history, pursued = await asyncio.gather(
        _known(wanted, work),
        history_of(wanted.subject, work),
        work.search(f"Goal?subject={wanted.subject}&lifecycle-status={','.join(PURSUED)}"),
    )
    try:
        care_plan, *others = programme(
            plan.content,
            parameters.one("phase"),
            wanted,
            work.now,
            history,
            [goal.content for goal in pursued],
        )
    except Inapplicable as problem:
        raise _refused(str(problem), problem.expression) from None
    except UnreadableDose as problem:
        raise _refused(str(problem), "PlanDefinition.action") from None
    made = work.create(care_plan)
    for other in others:
        work.create(other)
    return made


async def _known(wanted: Wanted, work: UnitOfWork) -> None:
    """422 naming the first parameter that refers to nobody and nothing known."""
    named = {
        "subject": wanted.subject,
        "practitioner": wanted.practitioner,
        "encounter": wanted.encounter,
    }
    given = {name: reference for name, reference in named.items() if reference}
    found = await asyncio.gather(*map(work.elsewhere, given.values()))
    for (name, reference), resource in zip(given.items(), found, strict=True):
        if resource is None:
            raise _refused(f"{reference} is not known here.", f"Parameters.{name}", "not-found")


def _wanted(parameters: Parameters, work: UnitOfWork) -> Wanted:
    zone = _zone(parameters.one("timezone") or "UTC")
    start, side = parameters.one("start"), parameters.one("side")
    if side is not None and side not in get_args(Side):
        raise bad_request("'side' is left, right or both.", "Parameters.side", "value")
    return Wanted(
        _reference(parameters, "subject", "Patient") or "",
        _day(start, work.now.astimezone(zone).date()),
        zone,
        cast("Side | None", side),
        _reference(parameters, "practitioner", *_PRESCRIBERS),
        _reference(parameters, "encounter", "Encounter"),
        _reference(parameters, "organization", "Organization"),
    )


def _reference(parameters: Parameters, name: str, *types: str) -> str | None:
    given = parameters.one(name)
    if given is None:
        return None
    match = _REFERENCE.fullmatch(given)
    if match is None or match[1] not in types:
        raise bad_request(f"'{name}' is a reference like {types[0]}/123.", f"Parameters.{name}", "value")
    return str(given)


def _day(given: str | None, today: date) -> date:
    if given is None:
        return today
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise bad_request("'start' is a whole date.", "Parameters.start", "value") from None
    if not today - _PAST <= day <= today + _AHEAD:
        told = f"'start' is a day from {today - _PAST} to {today + _AHEAD}."
        raise bad_request(told, "Parameters.start", "value")
    return day


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise bad_request(
            "'timezone' is a name of the IANA database.", "Parameters.timezone", "value"
        ) from None


def _refused(problem: str, expression: str, code: str = "business-rule") -> FhirError:
    return FhirError(422, [Issue(code, problem, expression)])
