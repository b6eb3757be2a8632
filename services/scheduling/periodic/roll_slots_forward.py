"""Slots are made for the weeks that come into sight."""

from __future__ import annotations

from services.scheduling.domain.schedule import UnreadableAvailability, horizon, slot, weekly_availability
from telerehab.periodic import periodic
from telerehab.unit_of_work import UnitOfWork


@periodic(seconds=3600)
async def roll_slots_forward(work: UnitOfWork) -> None:
    """Makes the slots that each active schedule lacks; those that exist stay as they are."""
    for schedule in await work.search("Schedule?active:not=false"):
        try:
            availability = weekly_availability(schedule.content)
        except UnreadableAvailability:
            continue
        within = horizon(schedule.content, work.now)
        if availability is None or within is None:
            continue
        known = {found.id for found in await work.search(f"Slot?schedule={schedule.reference}")}
        for time in availability.times(within):
            made = slot(schedule.content, time)
            if made["id"] not in known:
                work.create(made)
