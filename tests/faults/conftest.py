"""A platform whose processes are killed: one for each service, kept running by its supervisor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.deployment import deployed
from tests.faults.breakable import Breakable

# Not yet among the tests that each change must pass: one of its runs found a promise broken that no other run has
# shown since. `make faults` runs it first.
collect_ignore = [] if os.environ.pop("TELEREHAB_TEST_NEMESIS", None) else ["test_nemesis.py"]


@pytest.fixture(scope="session")
def fault_platform(short_folder: Path) -> Iterator[Breakable]:
    with deployed(short_folder / "faults") as running:
        yield Breakable(running)


@pytest.fixture
def platform(fault_platform: Breakable) -> Breakable:
    """The platform, all of it serving."""
    fault_platform.until_serving()
    return fault_platform
