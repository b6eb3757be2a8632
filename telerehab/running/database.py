"""The database of this deployment: the one that is configured, or the embedded one, started, watched and stopped.

https://www.postgresql.org/docs/18/server-start.html
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from pydantic import SecretStr

from telerehab.observability.logs import Log
from telerehab.settings import Settings
from telerehab.store import embedded
from telerehab.store.data_folder import DataFolder
from telerehab.store.embedded import ServerHandle

SECONDS_BETWEEN_LOOKS = 1.0

_log = Log(__name__)


@contextlib.asynccontextmanager
async def database(
    names: Sequence[str], settings: Settings
) -> AsyncIterator[tuple[Settings, ServerHandle | None]]:
    """Settings in which every named service has a database URL, and the embedded server if one had to be started.

    The server is started again should it die. Raises `DataFolderError`, `EmbeddedError`, `OperatingUserError`.
    """
    if all(settings.of(name).database_url for name in names):
        yield settings, None
        return
    with DataFolder(settings.data) as folder:
        server = await asyncio.to_thread(embedded.start, folder)
        _log.info("postgresql.started", file=server.pgdata)
        leaving = asyncio.Event()
        watching = asyncio.create_task(_watch(folder, server, leaving))
        try:
            url = SecretStr(server.dsn())
            yield settings.model_copy(update={"database_url": url}), server
        finally:
            leaving.set()
            await watching  # not cancelled: it may be starting the server
            await asyncio.to_thread(server.stop)
            _log.info("postgresql.stopped")


async def _watch(folder: DataFolder, server: ServerHandle, leaving: asyncio.Event) -> None:
    while not await _set_within(leaving, SECONDS_BETWEEN_LOOKS):
        if server.is_running():
            continue
        _log.error("postgresql.died")
        try:
            await asyncio.to_thread(embedded.start, folder)
        except embedded.EmbeddedError as error:
            _log.error("postgresql.restart_failed", error)
        else:
            _log.info("postgresql.started", file=server.pgdata)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
