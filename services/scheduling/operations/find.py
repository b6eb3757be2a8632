"""Appointment/$find: what can be booked between two moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.scheduling.domain.availability import Interval
from services.scheduling.domain.proposal import exclusive, proposed, schedule_actors
from services.scheduling.operations.references import searched
from services.scheduling.projections.booked_time import busy
from telerehab.change import values_at
from telerehab.fhir.bundle import searchset
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import bad_request
from telerehab.fhir.when import moment, utc
from telerehab.operation import Parameters, operation
from telerehab.references import named, references_at
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

MAX_PROPOSALS = 1000
AT_ONCE = 100
"""Schedules asked for in one search."""
ACTORS = {
    "practitioner": ("Practitioner", "PractitionerRole"),
    "location": ("Location",),
    "healthcare-service": ("HealthcareService",),
}
"""Parameters that are actors of a schedule, and what they may refer to."""


@operation("find.json")
async def find(parameters: Parameters, work: UnitOfWork) -> JsonObject:
    """A searchset of proposed Appointments, the earliest first; nothing of what is held or booked."""
    within = Interval(_moment(parameters, "start"), _moment(parameters, "end"))
    if within.start >= within.end:
        raise bad_request("'start' must lie before 'end'.", "Parameters.parameter('end')")
    schedules = {schedule.reference: schedule for schedule in await _schedules(parameters, work)}
    patient = next(iter(searched(parameters, "patient", "Patient", work=work)), None)
    slots = await _free_slots(work, list(schedules), within)
    everybody = [actor for schedule in schedules.values() for actor in schedule_actors(schedule.content)]
    taken = await busy(work.engine, [*exclusive(everybody), *([patient] if patient else [])], within)
    limit = min(parameters.one("_count") or MAX_PROPOSALS, MAX_PROPOSALS)
    free: list[JsonObject] = []
    for slot in slots:
        schedule = schedules[named(slot.content["schedule"]["reference"])]
        appointment = proposed(slot.content, schedule.content, patient)
        if not _is_taken(appointment, taken):
            free.append(appointment)
    return searchset(free[:limit], total=len(free))


async def _schedules(parameters: Parameters, work: UnitOfWork) -> list[Resource]:
    """Active schedules that every given criterion fits."""
    wanted = [searched(parameters, name, *types, work=work) for name, types in ACTORS.items()]
    query = "Schedule?active:not=false"
    for references in filter(None, wanted):
        query += "&actor=" + ",".join(references)
    found = [
        schedule
        for schedule in await work.search(query)
        if _has_code(schedule, "specialty", parameters.all("specialty"))
        and _has_code(schedule, "serviceType", parameters.all("visit-type"))
    ]
    organizations = set(searched(parameters, "organization", "Organization", work=work))
    if organizations:
        found = [schedule for schedule in found if await _is_provided_by(schedule, organizations, work)]
    return found


async def _is_provided_by(schedule: Resource, organizations: set[str], work: UnitOfWork) -> bool:
    for actor in schedule_actors(schedule.content):
        type_, _, id_ = actor.partition("/")
        if actor in organizations:
            return True
        if type_ == "HealthcareService":
            service = await work.read(type_, id_)
            if service and not organizations.isdisjoint(references_at(service.content, "providedBy")):
                return True
    return False


def _has_code(schedule: Resource, element: str, wanted: Sequence[str]) -> bool:
    """Whether the schedule has one of the wanted tokens: "system|code", or "code" in any system."""
    codings = values_at(schedule.content, f"{element}.coding")
    known = {f"{coding.get('system', '')}|{coding.get('code')}" for coding in codings}
    known |= {coding["code"] for coding in codings if "code" in coding}
    return not wanted or not known.isdisjoint(wanted)


async def _free_slots(work: UnitOfWork, schedules: list[str], within: Interval) -> list[Resource]:
    found: list[Resource] = []
    for first in range(0, len(schedules), AT_ONCE):
        names = ",".join(schedules[first : first + AT_ONCE])
        found += await work.search(
            f"Slot?schedule={names}&status=free&start=ge{utc(within.start)}&start=lt{utc(within.end)}"
        )
    whole = (slot for slot in found if (end := moment(slot.content["end"])) and end <= within.end)
    future = (slot for slot in whole if (start := moment(slot.content["start"])) and start > work.now)
    return sorted(future, key=lambda slot: (moment(slot.content["start"]), slot.id))


def _is_taken(appointment: JsonObject, taken: dict[str, list[Interval]]) -> bool:
    start, end = moment(appointment["start"]), moment(appointment["end"])
    assert start is not None
    assert end is not None
    interval = Interval(start, end)
    actors = references_at(appointment, "participant.actor")
    return any(interval.overlaps(other) for actor in actors for other in taken.get(actor, ()))


def _moment(parameters: Parameters, name: str) -> datetime:
    value = moment(parameters.required(name))
    if value is None:
        raise bad_request(
            f"'{name}' must be a date with time and zone.", f"Parameters.parameter('{name}')", "value"
        )
    return value
