"""One seed: a world at work under faults, then calm, then everything that must be true of what is left.

`python -m tests.simulation.simulation 5 [COUNT]` runs seed 5 (and those after it, on all cores) and tells of those that
fail; of a single one its whole course.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import Pool
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import telerehab.engine
import telerehab.events.running
from telerehab import identity
from telerehab.events import backoff, lease
from telerehab.events.dead_letter import DEAD_LETTER_CHANNEL
from telerehab.events.measured import EventMetrics
from telerehab.events.relay import Relay
from telerehab.fhir.json import parse_object
from telerehab.observability.logs import Log
from telerehab.service import Service
from tests.simulation.care import marks
from tests.simulation.loop import SimulatedLoop
from tests.simulation.world import CHAOS_SECONDS, CLIENTS, KEYS, LEASE_SECONDS, World

CALM_SECONDS = 300.0
STOP_SECONDS = 30.0
_EXPECTED_ERRORS = ("event.dead",)


@dataclass(slots=True)
class Outcome:
    """What a seed came to: `failures` empty if all was as it must be; `digest` tells one course from another."""

    seed: int
    failures: list[str]
    digest: int
    steps: int
    writes: int
    history: list[str] = field(default_factory=list)


def simulate(seed: int, *, history: bool = False) -> Outcome:
    """Run one seed; the same seed always takes the same course, in whatever process."""
    random = Random(seed)
    loop = SimulatedLoop(random)  # type: ignore[abstract]
    world = World(loop, random)
    world.history = [] if history else None
    with _seeded(world, random):
        try:
            loop.run(lambda: _course(world))
        except Exception as error:
            world.complaints.append(f"the simulation broke: {error!r}")
    failures = [*world.complaints, *(each for each in loop.failures if "never retrieved" not in each)]
    return Outcome(seed, failures, world.digest, loop.steps, len(world.acknowledged), world.history or [])


async def _course(world: World) -> None:
    for replica in world.replicas:
        world.start(replica)
    world.unleash()
    clients = [asyncio.create_task(world.client(number)) for number in range(CLIENTS)]
    await asyncio.sleep(CHAOS_SECONDS)
    world.calm()
    await asyncio.gather(*clients)
    if await _quiet(world):
        world.complaints += _wrongly_dead(world)
        world.care.healed = True
        _replay(world)
        if await _quiet(world):
            world.complaints += violations(world)
    await _all_stop(world)


async def _all_stop(world: World) -> None:
    """Stop gracefully, in time; then whatever is left ends."""
    world.restarts = False
    for replica in world.replicas:
        world.stop(replica)
    end = world.loop.time() + STOP_SECONDS
    while world.loop.time() < end and any(each.tasks for each in world.processes):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    for process in world.processes:
        if not process.dead:
            world.complaints.append(f"{process.name} did not stop in {STOP_SECONDS:g} s")
            process.kill()
    while any(process.tasks for process in world.processes):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _quiet(world: World) -> bool:
    """Wait until nothing is left to do."""
    end = world.loop.time() + CALM_SECONDS
    while left := world.outstanding():
        if world.loop.time() > end:
            world.complaints.append(f"not done in {CALM_SECONDS:g} s of calm: {'; '.join(left)}")
            return False
        await asyncio.sleep(0.1)
    return True


def _wrongly_dead(world: World) -> list[str]:
    """Letters that are dead although no poison was planted there."""
    return [
        f"{letter.handler} gave an event up: {letter.error}"
        for letter in world.letters()
        if letter.state == "dead" and not (letter.handler == "tally" and b"p" in letter.record.payload)
    ]


def _replay(world: World) -> None:
    """As `telerehab events replay` does."""
    for schema in world.schemas.values():
        for letter in schema.letters.values():
            if letter.kept.state == "dead":
                letter.due = world.now()
                object.__setattr__(letter.kept, "state", "retrying")
    world.keeping.notify(DEAD_LETTER_CHANNEL, list(world.schemas))


def violations(world: World) -> list[str]:
    """Everything that is not as it must be once nothing is left to do."""
    found: list[str] = []
    noted = Counter(mark for id_, mark in _notes(world))
    everything: list[str] = []
    for key in KEYS:
        written = _listed(world, "outcomes", ("Task", key))
        everything += written
        for what, (service, place) in {
            "tallied": ("session", ("Communication", key)),
            "echoed": ("outcomes", ("Task", f"echo-{key}")),
        }.items():
            listed = _listed(world, service, place)
            if listed != written:
                found.append(f"{key}: written {written}, {what} {listed}")
    for mark, key in world.acknowledged.items():
        if mark not in _listed(world, "outcomes", ("Task", key)):
            found.append(f"{mark} was acknowledged and is not there")
    if len(set(everything)) != len(everything):
        found.append(f"a mark was written twice: {everything}")
    found += [f"{mark} was refused and is there" for mark in world.refused & set(everything)]
    found += [f"{mark} was noted {noted[mark]} times" for mark in everything if noted[mark] not in (1, 2)]
    found += [f"{mark} was noted without being written" for mark in noted.keys() - set(everything)]
    alarmed = Counter(handler for _, handler in world.schemas["session"].inbox)
    if alarmed["note"] != len(everything) or noted.total() != alarmed["note"] + alarmed["alarm"]:
        found.append(f"{len(everything)} written, {noted.total()} notes, taken {dict(alarmed)}")
    return found


def _notes(world: World) -> Iterator[tuple[str, str]]:
    for (type_, id_), versions in world.schemas["session"].versions.items():
        if type_ == "Communication" and id_ not in KEYS:
            for version in versions:
                yield id_, marks(parse_object(version.row.text or ""))[0]


def _listed(world: World, service: str, place: tuple[str, str]) -> list[str]:
    versions = world.schemas[service].versions.get(place)
    return marks(parse_object(versions[-1].row.text or "")) if versions else []


_METRICS: dict[str, EventMetrics] = {}


def _measured(service: Service) -> EventMetrics:
    """The same for all processes and seeds: to register metrics takes longer than much of what is simulated."""
    if service.name not in _METRICS:
        _METRICS[service.name] = EventMetrics(service)
    return _METRICS[service.name]


@contextmanager
def _seeded(world: World, random: Random) -> Iterator[None]:
    """Whatever the real code leaves to chance comes from the seed; errors that it logs are failures."""

    def uuid() -> UUID:
        return UUID(int=random.getrandbits(128), version=4)

    def error(log: Log, code: str, error: BaseException | None = None, **fields: Any) -> None:
        if code not in _EXPECTED_ERRORS:
            world.complaints.append(f"{code} {error!r} {fields}")

    with ExitStack() as patched:
        for target, name, seeded in (
            (backoff, "random", random),
            (telerehab.engine, "random", random),
            (lease, "uuid4", uuid),
            (identity, "new_id", lambda: str(uuid())),
            (telerehab.events.running, "EventMetrics", lambda service, _: _measured(service)),
            (Log, "error", error),
            (Log, "warning", lambda *_, **__: None),
        ):
            patched.enter_context(patch.object(target, name, seeded))
        patched.enter_context(patch.dict(Relay.__init__.__kwdefaults__, lease_seconds=LEASE_SECONDS))
        yield


def main(first: int, count: int = 1) -> int:
    """Run seeds and tell of those that fail; of a single one, its whole course."""
    started = time.monotonic()
    failed = 0
    with Pool() as pool:
        run = partial(simulate, history=count == 1)
        for outcome in pool.imap_unordered(run, range(first, first + count), chunksize=min(count, 20)):
            failed += bool(outcome.failures)
            for line in [*outcome.history, *(f"seed {outcome.seed}: {each}" for each in outcome.failures)]:
                print(line, flush=True)
    seconds = time.monotonic() - started
    print(f"{count} seeds, {failed} failed, {count / seconds * 60:.0f} a minute")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
