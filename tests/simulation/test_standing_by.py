"""A relay that can do nothing at the moment does not ask on and on, however often it is notified."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random

import pytest

from telerehab.events.lease import LEASE_SECONDS
from telerehab.events.relay import OUTBOX_CHANNEL, STANDBY_SHARE, Relay
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.memory_broker import BrokerServer, MemoryBroker
from tests.simulation.memory_database import MemoryDatabase, MemoryServer
from tests.simulation.schema import Schema
from tests.simulation.wire import Server, SimulatedWire
from tests.simulation.world import BEGINNING

SECONDS = 60


class Relays:
    """Processes that each relay the same outbox, with notifications ten times a second."""

    def __init__(self) -> None:
        self.loop = SimulatedLoop(Random(1))  # type: ignore[abstract]
        clock = self.loop.time
        self.schema = Schema("session", lambda: BEGINNING + timedelta(seconds=clock()))
        self.keeping = MemoryServer([self.schema])
        self.postgresql = Server(self.loop, "postgresql", ConnectionError)
        self.broker = Server(self.loop, "broker", ConnectionError)
        self.lines: list[str] = []
        self.postgresql.trace = self.lines.append
        self.processes: list[Process] = []

    def begin(self, name: str) -> Process:
        process = Process(self.loop, name)
        database = MemoryDatabase(self.keeping, SimulatedWire(self.postgresql, process))
        broker = MemoryBroker(BrokerServer(), SimulatedWire(self.broker, process))
        process.begin(Relay(database, "session", broker).run())
        self.processes.append(process)
        return process

    async def notified_for(self, seconds: int) -> None:
        for _ in range(seconds * 10):
            self.keeping.notify(OUTBOX_CHANNEL, ["session"])
            await asyncio.sleep(0.1)

    async def end(self) -> None:
        for process in self.processes:
            process.kill()
        while any(process.tasks for process in self.processes):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_who_does_not_hold_the_lease_asks_for_it_now_and_then() -> None:
    relays = Relays()

    async def stand_by() -> None:
        relays.begin("one")
        relays.begin("other")
        await relays.notified_for(SECONDS)
        await relays.end()

    relays.loop.run(stand_by)
    asked = sum(" lease " in line for line in relays.lines)
    assert asked <= SECONDS / (LEASE_SECONDS * STANDBY_SHARE) + SECONDS / (LEASE_SECONDS / 2) + 4


def test_an_outage_is_waited_out() -> None:
    relays = Relays()

    async def wait_out() -> None:
        relays.begin("one")
        await relays.notified_for(1)
        relays.postgresql.down = True
        before = relays.loop.steps
        await relays.notified_for(SECONDS)
        assert relays.loop.steps - before < SECONDS * 100
        await relays.end()

    relays.loop.run(wait_out)


@pytest.mark.parametrize("killed_after", [1, 2, 3, 4, 5])
def test_another_relay_takes_over_within_five_seconds(killed_after: int) -> None:
    relays = Relays()

    async def take_over() -> None:
        first = relays.begin("one")
        await relays.notified_for(killed_after)
        relays.begin("other")
        first.kill()
        killed_at, epoch = relays.loop.time(), relays.schema.lease.epoch
        while relays.schema.lease.epoch == epoch:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert relays.loop.time() - killed_at < 5
        await relays.end()

    relays.loop.run(take_over)
