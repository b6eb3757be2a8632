"""The import rules: each catches what it forbids, and lets its exceptions pass."""

from __future__ import annotations

import pytest
from check_imports import violations


@pytest.mark.parametrize(
    ("module", "source", "allowed"),
    [
        ("telerehab.engine", "from services.records.service import service", False),
        ("services.records.service", "from services.session.domain import x", False),
        ("services.records.service", "from services.records.rules import x", True),
        ("services.records.rules.a", "from ...session import x", False),
        ("telerehab.events.brokers.postgres", "import kafka", False),
        ("telerehab.events.brokers.kafka", "import kafka", True),
        ("telerehab.server.http", "import asyncpg", False),
        ("telerehab.store.read", "import asyncpg", True),
        ("services.scheduling.projections.booked_time", "import asyncpg", True),
        ("telerehab.fhir.search.query", "from telerehab.store import read", False),
        ("telerehab.fhir.search.query", "def f():\n    import socket", False),
        ("services.scheduling.rules.x", "import grpc.aio", False),
        ("services.scheduling.handlers.x", "from telerehab import rpc", False),
        ("services.scheduling.operations.x", "from telerehab.rpc import channel", True),
        ("telerehab.server.interactions.read", "from starlette.requests import Request", False),
        ("telerehab.server.http", "from starlette.requests import Request", True),
    ],
)
def test_import_is_judged(module: str, source: str, allowed: bool) -> None:
    assert (not list(violations(module, source))) is allowed
