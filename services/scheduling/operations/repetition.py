"""What a caller has asked for before: asked again, it is answered again."""

from __future__ import annotations

from collections.abc import Callable

from services.scheduling.lifecycles import booked_here
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


async def standing(
    patient: str, status: str, fits: Callable[[JsonObject], bool], work: UnitOfWork
) -> Resource | None:
    """The appointment of `patient` ("Patient/1", under every id of the person) held or booked here that `fits`."""
    for found in await work.search(f"Appointment?actor={patient}&status={status}"):
        if booked_here(found.content) and fits(found.content):
            now = await work.read("Appointment", found.id)  # guarded, as the search is not
            if now is not None and now.content["status"] == status:
                return now
    return None
