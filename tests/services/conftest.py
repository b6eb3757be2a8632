"""What tests of services start from: a database with the schemas of all of them."""

from __future__ import annotations

from typing import Any

import pytest

from telerehab.store.migrate import migrate
from tests.services.deployment import SERVICES


@pytest.fixture(scope="session")
async def deployment_template(new_database: Any) -> str:
    """The name of a database with the schemas of all services, to copy."""
    await migrate(await new_database(name="deployment_template"), SERVICES)
    return "deployment_template"
