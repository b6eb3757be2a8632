"""A patient who has stopped logging gets a lower dose proposed: what no event tells, time does."""

from __future__ import annotations

from functools import partial

from services.exercise_prescription.domain.terms import PRESCRIPTION
from services.exercise_prescription.proposing import propose
from telerehab.identity import new_id
from telerehab.periodic import periodic
from telerehab.unit_of_work import UnitOfWork


@periodic(seconds=6 * 3600)
async def look_for_gaps(work: UnitOfWork) -> None:
    """Judges every active prescription again, each in a commit of its own; only a log lets a dose rise."""
    for request in await work.search(f"ServiceRequest?status=active&_profile={PRESCRIPTION}"):
        await work.engine.run(work.caller, partial(_judge, request.id))


async def _judge(prescription_id: str, work: UnitOfWork) -> None:
    await propose(prescription_id, work, new_id, falling_only=True)
