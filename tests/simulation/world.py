"""The simulated world: servers, two processes of each service, clients, and a nemesis that strikes at any step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar
from zlib import crc32

from telerehab.access import Caller
from telerehab.engine import Engine
from telerehab.events.backoff import Backoff
from telerehab.events.position import token_of
from telerehab.events.retrying import Patience
from telerehab.events.running import ServiceEvents, running
from telerehab.fhir.outcome import FhirError
from telerehab.service import Service
from telerehab.settings import Settings
from telerehab.unit_of_work import UnitOfWork
from tests.simulation.care import Care, record
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.memory_broker import BrokerServer, MemoryBroker
from tests.simulation.memory_database import MemoryDatabase, MemoryServer
from tests.simulation.memory_store import MemoryStore, as_store
from tests.simulation.schema import Schema
from tests.simulation.wire import Server, SimulatedWire

T = TypeVar("T")

BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)
CLIENTS, WRITES, KEYS = 3, 4, ("a", "b")
REPLICAS = 2
CHAOS_SECONDS = 5.0
LEASE_SECONDS = 1.0  # of relays and readers: short, so that many end in a short while
STEPS_BETWEEN_STRIKES = 100
REPLY_SECONDS = 20.0
PATIENCE = Patience(tries=6, backoff=Backoff(first=0.05, factor=2.0, longest=1.0))
SETTINGS = Settings()


class Gone(Exception):
    """The process ended before it answered."""


class Replica:
    """A name under which one process after another serves."""

    def __init__(self, name: str, service: Service) -> None:
        self.name = name
        self.service = service
        self.process: Process | None = None
        self.engine: Engine | None = None
        self.events: ServiceEvents | None = None
        self.stopping: asyncio.Event | None = None


class World:
    """Everything of one seed; `acknowledged`, `refused` and `unknown` are the marks that clients tried to leave."""

    def __init__(self, loop: SimulatedLoop, random: Random) -> None:
        self.loop = loop
        self.random = random
        self.care = Care()
        services = self.care.services()
        self.schemas = {service.name: Schema(service.name, self.now) for service in services}
        self.keeping = MemoryServer(self.schemas.values())
        like_kafka = random.random() < 0.5
        self.log = BrokerServer(partitions=2 if like_kafka else 1, fences=not like_kafka, lease=LEASE_SECONDS)
        self.log.accepted = self._accepted
        self._newest: dict[str, int] = {}
        self.postgresql = Server(loop, "postgresql", lambda: ConnectionError("lost"))
        self.broker = Server(loop, "broker", lambda: ConnectionError("lost"))
        self.replicas = [
            Replica(f"{service.name}-{number}", service) for service in services for number in range(REPLICAS)
        ]
        self.processes: list[Process] = []
        self.acknowledged: dict[str, str] = {}
        self.refused: set[str] = set()
        self.complaints: list[str] = []
        self.digest = 0
        self.history: list[str] | None = None
        self.restarts = True
        self._until_strike = 0
        for server in (self.postgresql, self.broker):
            server.trace = self.trace
            server.lossy, server.slow = random.choice([0.0, 0.02, 0.1]), random.choice([0.0, 0.02, 0.1])

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.loop.time())

    def trace(self, line: str) -> None:
        line = f"{self.loop.time():.6f} {line}"
        self.digest = crc32(line.encode(), self.digest)
        if self.history is not None:
            self.history.append(line)

    def _accepted(self, producer: str, owner: object) -> None:
        """Where the broker fences, nobody's append is accepted after that of one who had the lease later."""
        epoch = self.schemas[producer].lease.granted.get(owner, 0)
        newest = self._newest.get(producer, 0)
        if self.log.fences and epoch < newest:
            self.complaints.append(f"{producer}: epoch {epoch} was published after {newest}")
        self._newest[producer] = max(epoch, newest)

    # Processes

    def start(self, replica: Replica) -> None:
        """A new process, which remembers nothing; none any more at the end."""
        if not self.restarts:
            return
        process = Process(self.loop, replica.name)
        self.processes.append(process)
        wire = SimulatedWire(self.postgresql, process)
        schema = self.schemas[replica.service.name]
        store = as_store(MemoryStore(schema, wire))
        replica.process = process
        replica.engine = Engine(replica.service, store, Alone(), SETTINGS, b"secret", clock=self.now)
        replica.events = None
        replica.stopping = stopping = asyncio.Event()
        database = MemoryDatabase(self.keeping, wire)
        broker = MemoryBroker(self.log, SimulatedWire(self.broker, process))

        async def serve() -> None:
            assert replica.engine is not None
            async with running(replica.engine, database, broker, patience=PATIENCE) as events:
                replica.events = events
                await stopping.wait()
                replica.events = None

        life = process.begin(serve())
        life.add_done_callback(lambda ended: self._ended(replica, process, ended))
        self.trace(f"start {replica.name}")

    def stop(self, replica: Replica) -> None:
        """Have it finish what is at hand, leave, and end."""
        assert replica.process is not None
        assert replica.stopping is not None
        self.loop.call_soon(replica.stopping.set, context=replica.process.context.copy())

    def _ended(self, replica: Replica, process: Process, life: asyncio.Task[None]) -> None:
        if process.dead:
            return
        if life.exception() is not None:
            self.complaints.append(f"{process.name} broke down: {life.exception()!r}")
        process.kill()
        self._later(self.random.random(), lambda: self.start(replica))

    async def ask(self, replica: Replica, request: Callable[[Engine, ServiceEvents], Awaitable[T]]) -> T:
        """Have a replica do a request; Gone if it ends, TimeoutError if it takes too long."""
        process, engine, events = replica.process, replica.engine, replica.events
        if process is None or process.dead or engine is None or events is None:
            raise Gone
        answer: asyncio.Future[T] = self.loop.create_future()

        async def serve() -> None:
            try:
                result = await request(engine, events)
            except asyncio.CancelledError:
                tell(error=Gone())
                raise
            except Exception as error:
                tell(error=error)
            else:
                tell(result)

        def tell(result: Any = None, error: Exception | None = None) -> None:
            if not answer.done():
                answer.set_result(result) if error is None else answer.set_exception(error)

        process.begin(serve())
        async with asyncio.timeout(REPLY_SECONDS):
            return await answer

    # Clients

    async def client(self, number: int) -> None:
        """Leaves marks, and looks whether what was said has reached the other service."""
        random = self.random
        for count in range(WRITES):
            await asyncio.sleep(random.random() * 1.2)
            kind = random.choices(["", "f", "l", "p"], [12, 2, 1, 1])[0]
            mark, key = f"{number}.{count}{kind}", random.choice(KEYS)
            alarming = random.random() < 0.2
            replica = random.choice([each for each in self.replicas if each.service.name == "outcomes"])
            try:
                work = await self.ask(replica, partial(write, key=key, mark=mark, alarming=alarming))
            except (Gone, TimeoutError):
                continue
            except FhirError as error:
                if error.status != 503:
                    self.refused.add(mark)
                continue
            self.acknowledged[mark] = key
            assert work.write_set is not None
            if random.random() < 0.5:
                await self._look(token_of([work.write_set]), {row.event_id for row in work.write_set.outbox})

    async def _look(self, token: str, said: set[str]) -> None:
        replica = self.random.choice([each for each in self.replicas if each.service.name == "session"])
        schema = self.schemas["session"]

        async def look(_: Engine, events: ServiceEvents) -> None:
            waited = await events.wait(token)
            heard = {pair for pair in schema.inbox if pair[0] in said}
            if waited.reached and len({handler for _, handler in heard}) < 2:
                self.complaints.append("a position was said to be reached that is not")
            if waited.reason == "dead-letter" and not any(
                letter.kept.state == "dead" for letter in schema.letters.values()
            ):
                self.complaints.append("a dead letter was told of that is none")

        try:
            await self.ask(replica, look)
        except (Gone, TimeoutError):
            return

    # Faults

    def unleash(self) -> None:
        """Strike every so many steps, at whatever process is about to do one."""
        self._until_strike = 1 + int(self.random.expovariate(1 / STEPS_BETWEEN_STRIKES))
        self.loop.before_step = self._before_step

    def calm(self) -> None:
        """No more faults; what is down or frozen comes back."""
        self.loop.before_step = lambda process: None
        for server in (self.postgresql, self.broker):
            server.lossy = server.slow = 0.0
            server.down = False
        for process in self.processes:
            process.thaw()

    def _before_step(self, process: Process) -> None:
        self._until_strike -= 1
        if self._until_strike > 0:
            return
        self._until_strike = 1 + int(self.random.expovariate(1 / STEPS_BETWEEN_STRIKES))
        replica = next((each for each in self.replicas if each.process is process), None)
        kinds = ["outage", "broker outage", "rebalance"]
        if replica is not None and not process.dead:
            kinds += ["kill", "freeze", "kill", "freeze", "cut", "stop"]
        kind = self.random.choice(kinds)
        self.trace(f"{kind} {process.name}")
        match kind:
            case "kill":
                assert replica is not None
                process.kill()
                self._later(self.random.random() * 2.0, lambda: self.start(replica))
            case "freeze":
                process.freeze()
                self._later(self.random.choice([0.1, 1.0, 4.0]) * self.random.random(), process.thaw)
            case "stop":
                assert replica is not None
                self.stop(replica)
            case "cut":
                process.cut()
            case "rebalance":
                for group in ("session", "session.safety", "outcomes"):
                    self.log.rebalance(group)
            case "outage":
                self._down(self.postgresql)
            case "broker outage":
                self._down(self.broker)

    def _down(self, server: Server) -> None:
        server.down = True

        def up() -> None:
            server.down = False

        self._later(self.random.random() * 1.5, up)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self.loop.call_later(seconds, act, context=self.loop.outside.context)

    # What there is

    def letters(self) -> Iterator[Any]:
        for schema in self.schemas.values():
            for letter in schema.letters.values():
                yield letter.kept

    def outstanding(self) -> list[str]:
        """What the services have still to do; empty when all that can be done is."""
        left = [f"{len(schema.outbox)} in the outbox of {name}" for name, schema in self.schemas.items()]
        left = [line for line in left if not line.startswith("0 ")]
        for group, topics in GROUPS.items():
            behind = sum(lag.records for lag in self.log.lag(group, topics))
            left += [f"{group} is {behind} behind"] if behind else []
        dead = {(letter.handler, letter.lane) for letter in self.letters() if letter.state == "dead"}
        for letter in self.letters():
            if (letter.handler, letter.lane) not in dead:
                left.append(f"a letter of {letter.handler}: {letter.state} {letter.error}")
        return left


GROUPS = {
    "outcomes": ["telerehab.records", "telerehab.session"],
    "session": ["telerehab.outcomes", "telerehab.records"],
    "session.safety": ["telerehab.safety"],
}


async def write(engine: Engine, _: ServiceEvents, *, key: str, mark: str, alarming: bool) -> UnitOfWork:
    return await engine.run(Caller("client", mark), lambda work: record(work, key, mark, alarming=alarming))


class Alone:
    """No neighbours."""

    async def read(self, *_: Any) -> None:
        raise AssertionError("nobody is asked here")

    include: Any = read
    ids: Any = read
