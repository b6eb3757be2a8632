"""Services with a projection, and short ways to write what tests of the store need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from telerehab.change import Refuse
from telerehab.fhir.search.rows import IndexRows
from telerehab.projection import projection
from telerehab.resource import Resource
from telerehab.service import Service
from telerehab.store.store import Store
from telerehab.write_set import AuditRow, OutboxRow, RowWrite, WriteSet

BUSY = Refuse("busy", code="conflict", status=409)


@projection(
    "Appointment",
    table="booked_time",
    violations={"booked_time_no_overlap": BUSY},
    active="upper(new.during) > now()",
)
def booked_time(appointment: Resource) -> Iterator[dict[str, Any]]:
    yield from ()  # the tests write the rows themselves


SCHEDULING = Service(
    "scheduling", projections=[booked_time], migrations=Path(__file__).parent / "migrations_booked_time"
)
SESSION = Service("session")
SERVICES = [SCHEDULING, SESSION]


def write(
    id_: str,
    expected: int = 0,
    *,
    type_: str = "Appointment",
    status: str | None = "booked",
    patients: tuple[str, ...] = (),
    index: IndexRows | None = None,
) -> RowWrite:
    """One version; `status` None deletes."""
    after = Resource.of({"resourceType": type_, "id": id_, "status": status}) if status else None
    rows = index or IndexRows(type_, id_, tokens=[1, 2] if after else [], patients=list(patients))
    method = "DELETE" if after is None else "PUT" if expected else "POST"
    text = after.text if after else None
    return RowWrite(-1, type_, id_, expected, method, text, after.splice if after else 0, rows, b"key")


def write_set(*rows: RowWrite, schema: str = "scheduling", **parts: Any) -> WriteSet:
    """A write set with an event and an audit row for each row."""
    return replace(
        WriteSet(
            schema,
            rows=list(rows),
            outbox=[event(f"{row.type}/{row.id}") for row in rows],
            audit=[audit_row(row.type, row.id) for row in rows],
        ),
        **parts,
    )


def event(subject: str) -> OutboxRow:
    return OutboxRow(str(uuid4()), "scheduling", b"key", "telerehab.events.v1.ResourceChanged", subject, b"")


def audit_row(type_: str, id_: str) -> AuditRow:
    return AuditRow("request", "caller", "127.0.0.1", "C", type_, id_, 1, [], 200)


def booked(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """Side rows of booked_time: (resource id, actor, range)."""
    listed = [{"resource_id": id_, "actor": actor, "during": during} for id_, actor, during in rows]
    return {"booked_time": (list(dict.fromkeys(id_ for id_, _, _ in rows)), listed)}


async def rows_of(store: Store, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await store.pool.fetch(sql)]
