"""An alert that nobody has acknowledged in time escalates, again and again; no other service is needed for it."""

from __future__ import annotations

from services.outcomes.domain.escalating import escalated, is_overdue
from services.outcomes.projections.open_alert import overdue
from telerehab.periodic import periodic
from telerehab.unit_of_work import UnitOfWork

AT_ONCE = 100


@periodic(seconds=10)
async def escalate_overdue_alerts(work: UnitOfWork) -> None:
    """The longest overdue first; what is more than one commit's worth comes the next time."""
    for id_ in await overdue(work.engine, work.now, AT_ONCE):
        task = await work.read("Task", id_)
        if task is not None and is_overdue(task.content, work.now):
            await work.put(escalated(task.content, work.now))
