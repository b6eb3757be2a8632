"""Slots are made for the weeks that come into sight."""

from __future__ import annotations

from services.scheduling.domain.schedule import UnreadableAvailability, slots
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from telerehab.periodic import periodic
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork

AT_ONCE = 500
"""Slots made in one commit; the rest comes the next time."""


@periodic(seconds=600)
async def roll_slots_forward(work: UnitOfWork) -> None:
    """Makes the slots that each active schedule lacks; those that exist, or were deleted, stay as they are."""
    left = AT_ONCE
    for schedule in await work.search("Schedule?active:not=false"):
        for made in await _lacking(schedule, work):
            if left and await work.current("Slot", made["id"]) is None:
                work.create(made)
                left -= 1


async def _lacking(schedule: Resource, work: UnitOfWork) -> list[JsonObject]:
    try:
        wanted = slots(schedule.content, work.now)
    except UnreadableAvailability:
        return []
    if not wanted:
        return []
    future = await work.search(f"Slot?schedule={schedule.reference}&start=ge{utc(work.now)}")
    known = {found.id for found in future}
    return [made for made in wanted if made["id"] not in known]
