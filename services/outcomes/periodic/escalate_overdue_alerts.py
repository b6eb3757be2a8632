"""An alert that nobody has acknowledged in time escalates, again and again; no other service is needed for it."""

from __future__ import annotations

from functools import partial

from services.outcomes.domain.escalating import escalated, is_overdue
from services.outcomes.projections.open_alert import overdue
from telerehab.fhir.outcome import FhirError
from telerehab.periodic import periodic
from telerehab.unit_of_work import UnitOfWork

AT_ONCE = 1000


@periodic(seconds=10)
async def escalate_overdue_alerts(work: UnitOfWork) -> None:
    """The longest overdue first, each in a commit of its own: one that fails holds up no other."""
    failed: FhirError | None = None
    for id_ in await overdue(work.engine, work.now, AT_ONCE):
        try:
            await work.engine.run(work.caller, partial(_escalate, id_))
        except FhirError as error:
            failed = error
    if failed is not None:
        raise failed


async def _escalate(id_: str, work: UnitOfWork) -> None:
    task = await work.read("Task", id_)
    if task is not None and is_overdue(task.content, work.now):
        await work.put(escalated(task.content, work.now))
