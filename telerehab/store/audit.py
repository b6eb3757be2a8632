"""Audit rows of reads, committed in groups: while one group is on its way the next one gathers.

https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

import asyncio

from telerehab.store.arguments import audit_write
from telerehab.store.pool import Pool
from telerehab.write_set import AuditRow

_INSERT = """
    INSERT INTO audit (request_id, caller, address, action, type, resource_id, version, patients, outcome, query)
    SELECT * FROM unnest($1::audit_write[])
    RETURNING 1"""


class Auditor:
    """Writes audit rows of one service's reads; one statement for all that wait."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._gathered: list[tuple[AuditRow, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, row: AuditRow) -> None:
        """Return when the row is durable; FhirError 503 if it cannot be written: then nothing may be shown."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gathered.append((row, durable))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_groups())
        await durable

    async def _write_groups(self) -> None:
        while self._gathered:
            group, self._gathered = self._gathered, []
            failure: Exception | None = None
            try:
                await self._pool.write(_INSERT, [[audit_write(row) for row, _ in group]])
            except Exception as error:
                failure = error
            for _, durable in group:
                if durable.done():
                    continue  # who waited for it was cancelled
                if failure is None:
                    durable.set_result(None)
                else:
                    durable.set_exception(failure)
        self._writing = None
