"""Where services are put together: their own parts with a store, an engine, HTTP, gRPC and events."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from telerehab.running.hosted import Hosted
from telerehab.settings import Settings


@contextlib.asynccontextmanager
async def open_service(name: str, settings: Settings) -> AsyncIterator[Hosted]:
    """Open a service or the gateway by name."""
    raise NotImplementedError(name)
    yield


def initialise_database(settings: Settings) -> None:
    """Make roles, schemas and tables in the configured database."""
    raise NotImplementedError
