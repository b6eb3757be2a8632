"""Does a service's periodic work: each piece again and again, its pauses apart, whatever became of it last time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from telerehab.access import Caller
from telerehab.fhir.outcome import FhirError
from telerehab.observability import Log, Request, working_on
from telerehab.periodic import Periodic

if TYPE_CHECKING:
    from telerehab.engine import Engine

_log = Log(__name__)


@asynccontextmanager
async def keeping_time(engine: Engine) -> AsyncIterator[None]:
    """Do the periodic work of the engine's service meanwhile."""
    tasks = [asyncio.create_task(_again_and_again(engine, piece)) for piece in engine.service.periodic]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(engine: Engine, piece: Periodic) -> None:
    """The first time after a random part of the pause, so that replicas are not in step."""
    await asyncio.sleep(random.uniform(0, min(piece.seconds, 10.0)))
    while True:
        await _once(engine, piece)
        await asyncio.sleep(piece.seconds)


async def _once(engine: Engine, piece: Periodic) -> None:
    with working_on(Request(engine.service.name)) as request:
        caller = Caller(f"{engine.service.name}/{piece.name}", request.id)
        try:
            await engine.run(caller, piece.perform)
        except FhirError as error:
            _log.warning("periodic.refused", reason_code=piece.name, status=error.status)
        except Exception as error:
            _log.error("periodic.failed", error, reason_code=piece.name)
