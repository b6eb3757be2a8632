"""A statement that takes too long is ended, its client told when to come again.

https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from telerehab.engine import Engine
from telerehab.settings import Settings
from telerehab.store.migrate import migrate
from telerehab.store.pool import Pool
from telerehab.store.store import Store
from tests.conformance.search_oracle.conftest import BARE
from tests.telerehab.server.conftest import NoNeighbours, client_of

RECORDS = BARE[0]
SECONDS = 0.3
"""After which a statement is ended here."""


@pytest.mark.parametrize("url", ["Patient?name=a", "Patient/x", "Patient/_history", "Patient?_summary=count"])
async def test_a_statement_that_is_ended_is_503_with_an_outcome(database: str, url: str) -> None:
    await migrate(database, [RECORDS])
    pool = Pool(database, schema=RECORDS.name, size=1, statement_timeout=SECONDS)
    await pool.open()
    neighbours: Any = NoNeighbours()
    engine = Engine(RECORDS, await Store.open(pool, RECORDS), neighbours, Settings(), b"secret of the tests")
    blocking = await asyncpg.connect(database)
    async with client_of(engine) as client:
        async with blocking.transaction():
            await blocking.execute("LOCK TABLE records.resource, records.history IN ACCESS EXCLUSIVE MODE")
            answer = await client.get(url)
        assert answer.status_code == 503, answer.text
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert answer.headers["retry-after"].isdigit()
        assert (await client.get(url)).status_code in (200, 404)
    await blocking.close()
    await pool.close()
