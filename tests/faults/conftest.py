"""A platform whose processes are killed: one for each service, kept running by its supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.deployment import deployed
from tests.faults.breakable import Breakable


@pytest.fixture(scope="session")
def fault_platform(short_folder: Path) -> Iterator[Breakable]:
    with deployed(short_folder / "faults") as running:
        yield Breakable(running)


@pytest.fixture
def platform(fault_platform: Breakable) -> Breakable:
    """The platform, all of it serving."""
    fault_platform.until_serving()
    return fault_platform
