"""What metrics tell of a service's events: how far they have come, what failed, how long until they took effect.

https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

from telerehab.events.brokers.broker import Lag, Record, Unavailable
from telerehab.events.database import is_outage
from telerehab.events.dead_letter import STATES
from telerehab.events.keeping import Keeping, Letters
from telerehab.events.outbox import waiting
from telerehab.observability import Metrics
from telerehab.observability.logs import Log
from telerehab.service import Service

SAMPLE_SECONDS = 5.0
EFFECT_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)

log = Log(__name__)


class EventMetrics:
    """The counts that a service's relay and consumers keep, and the gauges that `keep_sampling` brings up to date."""

    def __init__(self, service: Service, metrics: Metrics | None = None) -> None:
        metrics = metrics or Metrics(service.name)
        self._service = service
        self._relayed = metrics.counter("events_relayed", "Events taken from the outbox to the broker")
        self._effects = metrics.histogram(
            "event_effect_seconds",
            "Time from the commit that said an event to the end of the commit of a handler's effect",
            ["handler"],
            EFFECT_SECONDS,
        )
        self._failures = metrics.counter(
            "event_failures",
            "Tries of a handler that failed, by what became of the event",
            ["handler", "state"],
        )
        self._outbox = metrics.settable_gauge("outbox_events", "Events that wait for the relay")
        self._outbox_age = metrics.settable_gauge(
            "outbox_oldest_seconds", "For how long the oldest event has waited for the relay"
        )
        self._lag = metrics.settable_gauge(
            "event_lag", "Events on the broker that a group has not taken", ["group", "topic"]
        )
        self._letters = metrics.settable_gauge(
            "dead_letters", "Events that a handler has not managed, by state", ["handler", "state"]
        )
        self._letter_age = metrics.settable_gauge(
            "dead_letter_oldest_seconds",
            "For how long the oldest event that a handler has not managed has waited",
            ["handler"],
        )

    def relayed(self, count: int) -> None:
        """The relay has published so many events."""
        self._relayed.inc(count)

    def took(self, handler: str, record: Record) -> None:
        """A handler's effect of this event is committed, now or earlier."""
        with suppress(KeyError, ValueError):  # others' records need not tell their time
            said = datetime.fromisoformat(record.headers["ce_time"])
            self._effects.labels(handler).observe(max(0.0, (datetime.now(UTC) - said).total_seconds()))

    def failed(self, handler: str, state: str) -> None:
        """A handler failed, and its event is in this state since."""
        self._failures.labels(handler, state).inc()

    async def keep_sampling(
        self, database: Keeping, letters: Letters, lag: Callable[[], Awaitable[list[Lag]]]
    ) -> None:
        """Ask what waits, and where, every few seconds; gauges stay as they were while nobody answers."""
        while True:
            try:
                await self._sample(database, letters, lag)
            except Exception as error:
                if not isinstance(error, Unavailable) and not is_outage(error):
                    log.error("events.not_measured", error, service=self._service.name)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _sample(
        self, database: Keeping, letters: Letters, lag: Callable[[], Awaitable[list[Lag]]]
    ) -> None:
        outbox = await waiting(database, self._service.name)
        self._outbox.set(outbox["count"])
        self._outbox_age.set(outbox["seconds"])
        found = await letters.counts()
        for handler in self._service.hears:
            of_handler = {state: found.get((handler.name, state), (0, 0.0)) for state in STATES}
            for state, (count, _) in of_handler.items():
                self._letters.labels(handler.name, state).set(count)
            self._letter_age.labels(handler.name).set(max(age for _, age in of_handler.values()))
        behind: Counter[tuple[str, str]] = Counter()
        for each in await lag():
            behind[each.group, each.partition.topic] += each.records
        for names, records in behind.items():
            self._lag.labels(*names).set(records)
