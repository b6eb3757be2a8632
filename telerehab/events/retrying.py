"""Retrying: events that failed are tried again later, with backoff, and are dead in the end.

They are tried outside of the reader's way, so that only their own lane waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from telerehab.event import Handler, Lacking
from telerehab.events.backoff import OUTAGE, Backoff
from telerehab.events.brokers.broker import Record
from telerehab.events.cloud_event import Unreadable, type_of
from telerehab.events.database import is_outage
from telerehab.events.dead_letter import DEAD_LETTER_CHANNEL
from telerehab.events.handling import Outage, TooDeep, described, take
from telerehab.events.inbox import Inbox, wait_within
from telerehab.events.keeping import Keeping, Letters
from telerehab.events.measured import EventMetrics
from telerehab.events.notification import Listener
from telerehab.observability.logs import Log

if TYPE_CHECKING:
    from telerehab.engine import Engine

log = Log(__name__)

POLL_SECONDS = 1.0
RETRY = Backoff(first=0.1, factor=4.0, longest=60.0)
HOPELESS = (Unreadable, TooDeep)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a failing event is tried before it is dead, and how long one is that lacks something."""

    tries: int = 6
    backoff: Backoff = RETRY
    lacking: timedelta = timedelta(days=1)

    def verdict(self, error: Exception, failures: int, waited: timedelta) -> tuple[str, float]:
        """The state after so many failures in all this time, and the seconds until the next try."""
        if isinstance(error, HOPELESS):
            return "dead", 0
        if isinstance(error, Lacking):
            return ("lacking", self.backoff.seconds(failures)) if waited < self.lacking else ("dead", 0)
        return ("retrying", self.backoff.seconds(failures)) if failures < self.tries else ("dead", 0)


class Retrying:
    """Tries the waiting events of one service's handlers again, the first of each lane first."""

    def __init__(
        self,
        engine: Engine,
        database: Keeping,
        inbox: Inbox,
        letters: Letters,
        handlers: dict[str, Handler],
        patience: Patience,
        measured: EventMetrics,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._letters = letters
        self._handlers = handlers
        self._patience = patience
        self._measured = measured
        self._woken = asyncio.Event()
        self._stopping = False
        self._listener = Listener(database, DEAD_LETTER_CHANNEL, self._notified)

    async def failed(self, handler: Handler, record: Record, error: Exception) -> None:
        """Keep an event that failed for the first time."""
        state, after = self._patience.verdict(error, 1, timedelta())
        self._tell(state, handler.name, record, error)
        await self._letters.add(handler.name, record, state=state, error=described(error), after=after)
        self._inbox.grew()
        self._woken.set()

    async def run(self) -> None:
        """Try again whatever is due, until `stop`."""
        listening = asyncio.create_task(self._listener.run())
        failures = 0
        try:
            while not self._stopping:
                try:
                    await self._round()
                    failures = 0
                except Exception as error:
                    if not is_outage(error) and not isinstance(error, Outage):
                        log.error("retrying.failed", error, service=self._engine.service.name)
                    failures += 1
                    await wait_within(self._woken, OUTAGE.seconds(failures))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def stop(self) -> None:
        """End after the event at hand."""
        self._stopping = True
        self._woken.set()

    async def _round(self) -> None:
        self._woken.clear()
        while not self._stopping and await self._try_one():
            pass
        due = await self._letters.next_due(self._handlers)
        if not self._stopping:
            await wait_within(self._woken, POLL_SECONDS if due is None else max(0.01, min(due, POLL_SECONDS)))

    async def _try_one(self) -> bool:
        async with self._letters.due(self._handlers) as held:
            if held is None:
                return False
            letter = held.letter
            handler = self._handlers[letter.handler]
            try:
                await take(self._engine, self._inbox, handler, letter.record)
            except Outage:
                raise
            except Exception as error:
                state, after = self._patience.verdict(
                    error, letter.failures + 1, self._engine.clock() - letter.since
                )
                self._tell(state, letter.handler, letter.record, error)
                await held.failed(state=state, error=described(error), after=after)
            else:
                await held.taken()
                self._measured.took(letter.handler, letter.record)
        self._inbox.grew()
        return True

    def _tell(self, state: str, handler: str, record: Record, error: Exception) -> None:
        self._measured.failed(handler, state)
        if state == "dead":
            log.error("event.dead", error, handler=handler, event_type=type_of(record), topic=record.topic)
        else:
            log.warning("event.failed", error, handler=handler, event_type=type_of(record))

    def _notified(self, payload: str) -> None:
        self._woken.set()
