"""The platform as it is run: a process for each service, one platform for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.deployment import Deployment, deployed


@pytest.fixture(scope="session")
def platform(short_folder: Path) -> Iterator[Deployment]:
    with deployed(short_folder / "journeys") as running:
        yield running
