"""A hold that has expired is given back."""

from __future__ import annotations

from services.scheduling.domain.visit import hold_expires
from telerehab.periodic import periodic
from telerehab.unit_of_work import UnitOfWork


@periodic(seconds=5)
async def release_expired_holds(work: UnitOfWork) -> None:
    """Cancels each pending appointment whose hold has run out; its slot becomes free by the rule for that."""
    for held in await work.search("Appointment?status=pending"):
        expires = hold_expires(held.content)
        if expires is not None and expires <= work.now:
            await work.put({**held.content, "status": "cancelled"})
