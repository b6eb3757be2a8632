"""Audit rows of reads: durable when told, written together, and never lost without an error."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from telerehab.fhir.outcome import FhirError
from telerehab.store.store import Store
from tests.telerehab.store.samples import audit_row, rows_of


async def test_an_audit_row_is_there_when_its_writer_goes_on(store: Store) -> None:
    async def one(number: int) -> None:
        await store.audit(audit_row("Appointment", str(number)))
        found = await rows_of(store, f"SELECT action, type FROM audit WHERE resource_id = '{number}'")
        assert found == [("C", "Appointment")]

    await asyncio.gather(*(one(number) for number in range(100)))
    assert len(await rows_of(store, "SELECT FROM audit")) == 100


async def test_rows_that_come_together_are_committed_together(store: Store) -> None:
    await asyncio.gather(*(store.audit(audit_row("Appointment", str(number))) for number in range(100)))
    assert len(await rows_of(store, "SELECT DISTINCT xmin::text FROM audit")) < 10


async def test_one_who_gives_up_takes_no_row_of_another_along(store: Store) -> None:
    first = asyncio.create_task(store.audit(audit_row("Appointment", "a")))
    second = asyncio.create_task(store.audit(audit_row("Appointment", "b")))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert ("b",) in await rows_of(store, "SELECT resource_id FROM audit")


async def test_a_row_that_cannot_be_written_is_an_error_and_later_ones_go_on(store: Store, dsn: str) -> None:
    killer = await asyncpg.connect(dsn)
    await killer.execute("BEGIN; LOCK TABLE scheduling.audit")
    waiting = [asyncio.create_task(store.audit(audit_row("Appointment", "a"))) for _ in range(3)]
    while not await killer.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'scheduling.audit'::regclass"
    )
    await killer.execute("ROLLBACK")
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert any(isinstance(result, FhirError) and result.status == 503 for result in results)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await store.pool.fetch("SELECT absent")
    await store.audit(audit_row("Appointment", "b"))
    assert ("b",) in await rows_of(store, "SELECT resource_id FROM audit")
    await killer.close()
