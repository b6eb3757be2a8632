"""A hold that has expired is given back."""

from __future__ import annotations

from services.scheduling.projections.hold import expired
from telerehab.periodic import periodic
from telerehab.unit_of_work import UnitOfWork

AT_ONCE = 100


@periodic(seconds=5)
async def release_expired_holds(work: UnitOfWork) -> None:
    """Cancels each pending appointment whose hold has run out; its slot becomes free by the rule for that."""
    for id_ in await expired(work.engine, work.now, AT_ONCE):
        held = await work.read("Appointment", id_)
        if held is not None and held.content["status"] == "pending":
            await work.put({**held.content, "status": "cancelled"})
