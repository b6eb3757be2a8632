"""When each alert that nobody has taken is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from services.outcomes.domain.alert import deadline, is_alert
from telerehab.projection import Row, projection
from telerehab.resource import Resource

if TYPE_CHECKING:
    from telerehab.engine import Engine

ALWAYS_LATE = "-infinity"


@projection("Task", table="open_alert")
def open_alert(task: Resource) -> Iterator[Row]:
    """A row while the alert is requested; one without a deadline is always late."""
    if is_alert(task.content) and task.content["status"] == "requested":
        due = deadline(task.content)
        yield {"due": due.isoformat() if due else ALWAYS_LATE}


async def overdue(engine: Engine, now: datetime, limit: int) -> list[str]:
    """The ids of Tasks whose deadline has passed, the longest overdue first."""
    rows = await engine.store.fetch(
        "SELECT resource_id FROM outcomes.open_alert WHERE due <= $1 ORDER BY due LIMIT $2", now, limit
    )
    return [str(row["resource_id"]) for row in rows]
