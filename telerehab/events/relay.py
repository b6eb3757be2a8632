"""The relay: takes what is in a schema's outbox to the broker, and deletes it there when it is kept safely.

It takes whatever rows are visible, in their order: writes of one resource lock its row before they get their place in
the outbox, so that theirs become visible in order. No snapshot bound is needed, which any long transaction would hold
back. What was published but not deleted is published again; the broker or the inbox knows it by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from telerehab.events.backoff import OUTAGE
from telerehab.events.brokers.broker import Broker, Fenced, Unavailable
from telerehab.events.cloud_event import record_of
from telerehab.events.database import is_outage
from telerehab.events.inbox import wait_within
from telerehab.events.keeping import Keeping
from telerehab.events.lease import LEASE_SECONDS, Lease
from telerehab.events.notification import Listener, Notifier
from telerehab.observability.logs import Log
from telerehab.write_set import WriteSet

OUTBOX_CHANNEL = "telerehab_outbox"
POLL_SECONDS = 1.0
STANDBY_SHARE = 0.1  # of the lease's seconds, until whoever does not hold it asks again
BATCH = 500
REST_SECONDS = 0.02  # between rounds that find something, so that under load each takes more at once

log = Log(__name__)


class Relay:
    """Relays one service's outbox while it holds the lease; otherwise stands by."""

    def __init__(
        self,
        database: Keeping,
        service: str,
        broker: Broker,
        *,
        poll_seconds: float = POLL_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
        relayed: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._database = database
        self._service = service
        self._broker = broker
        self._poll_seconds = poll_seconds
        self._relayed = relayed
        self._lease = Lease(database, service, seconds=lease_seconds)
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._notifier = Notifier(database, OUTBOX_CHANNEL)
        self._listener = Listener(database, OUTBOX_CHANNEL, self._notified)
        self._outbox = database.outbox(service)

    def after_commit(self, write_set: WriteSet) -> None:
        """Tell the relay, here or in the process that holds the lease, that there may be something to take."""
        if not write_set.outbox:
            return
        if self._lease.is_held:
            self._woken.set()
        else:
            self._notifier.ring(self._service)

    async def run(self) -> None:
        """Relay until `stop`; survives outages of database and broker."""
        await self._database.open()
        beside = [asyncio.create_task(self._notifier.run()), asyncio.create_task(self._listener.run())]
        failures = 0
        try:
            while not self._stopping.is_set():
                try:
                    await self._round()
                    failures = 0
                except Fenced:
                    log.warning("relay.fenced", service=self._service)
                    self._lease.lose()
                    await self._stand_by(self._lease.seconds * STANDBY_SHARE)
                except Exception as error:
                    if not isinstance(error, Unavailable) and not is_outage(error):
                        log.error("relay.failed", error, service=self._service)
                    failures += 1
                    await self._stand_by(OUTAGE.seconds(failures))
            with suppress(Exception):  # it will end by itself
                await self._lease.release()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopping.set()
        self._woken.set()

    async def _round(self) -> None:
        epoch = await self._lease.take()
        if epoch is None:
            await self._stand_by(self._lease.seconds * STANDBY_SHARE)
            return
        self._woken.clear()
        found = await self._publish(epoch)
        if found < BATCH:
            if found:
                await asyncio.sleep(REST_SECONDS)
            await wait_within(self._woken, self._poll_seconds)

    async def _publish(self, epoch: int) -> int:
        """Publish and delete a batch; how many there were."""
        rows = await self._outbox.first(BATCH)
        if rows:
            await self._broker.publish(self._service, epoch, [record_of(row, self._service) for row in rows])
            await self._outbox.remove([row["id"] for row in rows])
            self._relayed(len(rows))
        return len(rows)

    async def _stand_by(self, seconds: float) -> None:
        """Wait, whatever is notified meanwhile: nothing can be done now, and asking on and on is a load."""
        await wait_within(self._stopping, seconds)

    def _notified(self, payload: str) -> None:
        if payload in ("", self._service):
            self._woken.set()


def outbox_notifier(database: Keeping) -> Notifier:
    """For whoever commits to the outbox of another process: `ring(schema)` after the commit, `run()` beside."""
    return Notifier(database, OUTBOX_CHANNEL)
