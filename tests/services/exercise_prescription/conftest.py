"""A deployment with a patient, a clinician and the content that the service brings along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from telerehab.content import bring
from telerehab.events.database import Database
from tests.services.deployment import deployed
from tests.services.exercise_prescription.clinic import CLINICIAN, PATIENT, Clinic


@pytest.fixture
async def clinic(new_database: Any, deployment_template: str) -> AsyncIterator[Clinic]:
    """A deployment of its own, with the exercises and protocols, PATIENT and CLINICIAN."""
    dsn = await new_database(template=deployment_template)
    database = await Database(dsn).open()
    async with deployed(dsn, "direct") as deployment:
        clinic = Clinic(deployment, database)
        await bring(clinic.engine)
        for reference in (PATIENT, CLINICIAN):
            type_, _, id_ = reference.partition("/")
            await clinic.call("PUT", reference, {"resourceType": type_, "id": id_}, 201)
        yield clinic
    await database.close()
