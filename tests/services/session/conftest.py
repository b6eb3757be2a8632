"""What tests of session start from: a clinic with every service, and a patient nobody has heard of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from telerehab.events.database import Database
from telerehab.identity import new_id
from tests.services.deployment import deployed
from tests.services.session.clinic import Clinic


@pytest.fixture(scope="module")
async def clinic(new_database: Any, deployment_template: str) -> AsyncIterator[Clinic]:
    dsn = await new_database(template=deployment_template)
    database = await Database(dsn).open()
    async with deployed(dsn, "direct") as running:
        clinic = Clinic(running, database)
        await clinic.practitioner("d1")
        yield clinic
    await database.close()


@pytest.fixture
def patient() -> str:
    return new_id()
