"""Audit rows of reads, committed in groups: one statement for all that wait.

https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Sequence

from telerehab.store.gathering import Gathering
from telerehab.store.pool import Pool
from telerehab.write_set import AuditRow

_INSERT = """
    INSERT INTO audit (request_id, caller, address, action, type, resource_id, version, patients, outcome, query)
    SELECT * FROM unnest($1::audit_write[])
    RETURNING 1"""


class Auditor:
    """Writes audit rows of one service's reads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._gathering = Gathering(self._write)

    async def write(self, row: AuditRow) -> None:
        """Return when the row is durable; FhirError 503 if it cannot be written: then nothing may be shown."""
        await self._gathering(row)

    async def _write(self, rows: Sequence[AuditRow]) -> list[None]:
        await self._pool.write(_INSERT, [rows])
        return [None] * len(rows)
