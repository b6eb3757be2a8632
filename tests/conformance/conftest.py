"""The platform as it is run: one for all judges of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.deployment import Deployment, deployed
from tests.conformance.kit.node import Node
from tests.jars import Lacking


@pytest.fixture(scope="session")
def platform(short_folder: Path) -> Iterator[Deployment]:
    with deployed(short_folder / "conformance") as running:
        yield running


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Node:
    """Node.js with fhir-kit-client installed."""
    assert pytestconfig.cache is not None
    try:
        return Node(pytestconfig.cache.mkdir("fhir-kit"))
    except Lacking as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"Every judge is a must here: {error}")
        pytest.skip(f"no fhir-kit-client: {error}")
