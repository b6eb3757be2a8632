"""Notifications of PostgreSQL: sent after commits, many as one; heard over a connection of their own.

A NOTIFY inside each transaction would serialise their commits. Whoever listens polls slowly as well, so a lost
notification costs time, never an event. https://www.postgresql.org/docs/current/sql-notify.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from telerehab.events.backoff import OUTAGE
from telerehab.events.database import is_outage
from telerehab.events.keeping import Keeping
from telerehab.observability.logs import Log

log = Log(__name__)


class Notifier:
    """Sends notifications on one channel; what is rung while one is being sent goes out together in the next."""

    def __init__(self, database: Keeping, channel: str) -> None:
        self._database = database
        self._channel = channel
        self._rung: set[str] = set()
        self._wake = asyncio.Event()

    def ring(self, payload: str) -> None:
        """Have everyone who listens told, soon."""
        self._rung.add(payload)
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; what cannot be sent is dropped, for the listeners poll."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            payloads, self._rung = sorted(self._rung), set()
            try:
                await self._database.notify(self._channel, payloads)
            except Exception as error:
                if not is_outage(error):
                    raise
                await asyncio.sleep(OUTAGE.seconds(1))


class Listener:
    """Hears one channel and calls `heard` with each payload; with "" after a connection was made anew."""

    def __init__(self, database: Keeping, channel: str, heard: Callable[[str], None]) -> None:
        self._database = database
        self._channel = channel
        self._heard = heard

    async def run(self) -> None:
        """Listen until cancelled, connecting again whenever the connection is lost."""
        failures = 0
        while True:
            try:
                await self._listen()
                failures = 0
            except Exception as error:
                if not is_outage(error):
                    raise
                failures += 1
                if failures == 3:
                    log.warning("notification.not_listening", error)
            await asyncio.sleep(OUTAGE.seconds(failures + 1))

    async def _listen(self) -> None:
        async with self._database.listening(self._channel, self._heard) as lost:
            self._heard("")
            await lost.wait()
