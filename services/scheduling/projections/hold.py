"""Until when held times are held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from services.scheduling.domain.visit import hold_expires
from services.scheduling.lifecycles import booked_here
from telerehab.fhir.when import utc
from telerehab.projection import Row, projection
from telerehab.resource import Resource

if TYPE_CHECKING:
    from telerehab.engine import Engine


@projection("Appointment", table="hold")
def hold(appointment: Resource) -> Iterator[Row]:
    """A row for every pending appointment of ours."""
    expires = hold_expires(appointment.content)
    if appointment.content["status"] == "pending" and booked_here(appointment.content) and expires:
        yield {"expires": utc(expires)}


async def expired(engine: Engine, now: datetime, limit: int) -> list[str]:
    """Ids of the appointments whose hold has run out, the longest ago first."""
    rows = await engine.store.fetch(
        "SELECT resource_id FROM scheduling.hold WHERE expires <= $1 ORDER BY expires LIMIT $2", now, limit
    )
    return [row["resource_id"] for row in rows]
