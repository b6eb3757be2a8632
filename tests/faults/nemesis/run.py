"""One run: the platform is driven while the nemesis strikes, is left in peace, comes to rest, and is looked at."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.nemesis.platform import Platform, running
from tests.faults.nemesis.recording import ACKNOWLEDGED, REFUSED, UNKNOWN, Recording, recorded
from tests.faults.nemesis.schedule import schedule
from tests.faults.nemesis.world import World, world_at_rest

DRIVER_SECONDS = 180  # to make its people, and to come to its end


@dataclass(frozen=True)
class Run:
    """What a run left: what was asked and answered, and the world after it."""

    recording: Recording
    world: World
    seconds: float

    def __str__(self) -> str:
        counts = ", ".join(
            f"{self.recording.count(outcome)} {outcome}" for outcome in (ACKNOWLEDGED, REFUSED, UNKNOWN)
        )
        rate = len(self.recording.requests) / self.seconds
        return (
            f"{counts} ({rate:.0f} requests/s); {len(self.world.versions)} versions, {len(self.world.said)} events, "
            f"{len(self.world.taken)} effects"
        )


def run(
    folder: Path,
    *,
    seed: int,
    seconds: float,
    rate: float,
    kafka_classpath: str | None,
    tell: Callable[[str], None],
) -> Run:
    """Drive for about `seconds` on PostgreSQL as broker, or on Kafka; `tell` is given what the nemesis does."""
    tell(
        f"seed {seed}, {'Kafka' if kafka_classpath else 'PostgreSQL'}, {seconds:.0f} s, {rate:.0f} requests/s"
    )
    with running(folder, kafka_classpath) as platform:
        file = folder / "recording.ndjson"
        with _driving(platform, file, seed, rate) as driver:
            began = time.monotonic()
            for strike in schedule(seed, seconds, with_kafka=kafka_classpath is not None):
                tell(f"{time.monotonic() - began:7.1f}  {strike}")
                time.sleep(strike.after)
                platform.strike(strike)
                assert driver.poll() is None, "the driver ended"
            platform.heal()
            lasted = time.monotonic() - began
            assert driver.stdin is not None
            driver.stdin.close()
            assert driver.wait(DRIVER_SECONDS) == 0, (folder / "driver.log").read_text()[-3000:]
        address = platform.kafka.address if platform.kafka else None
        world = asyncio.run(world_at_rest(platform.base, platform.dsn, address))
    done = Run(recorded(file), world, lasted)
    tell(str(done))
    return done


@contextmanager
def _driving(platform: Platform, file: Path, seed: int, rate: float) -> Iterator[subprocess.Popen[bytes]]:
    module = "tests.faults.nemesis.driver"
    with file.with_name("driver.log").open("wb") as log:
        driver = subprocess.Popen(
            [sys.executable, "-m", module, platform.client_base, str(file), str(seed), str(rate)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).parents[3],
        )
    try:
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"driving\n", file.with_name("driver.log").read_text()[-3000:]
        yield driver
    finally:
        driver.kill()
        driver.wait()
