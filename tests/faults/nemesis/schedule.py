"""What the nemesis does and when: from a seed, so that a run can be repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass

from telerehab.owners import SERVICES
from telerehab.settings import GATEWAY

POSTGRESQL, KAFKA, STANDBY = "postgresql", "kafka", "standby"
PROCESS_FAULTS = {"kill": (0.1, 0.8), "freeze": (0.5, 3.0)}  # seconds it is down, or frozen
CONNECTION_FAULTS = {"cut": (0.05, 0.8), "hold": (0.3, 2.0), "swallow": (0.1, 0.8), "half_close": (0.05, 0.5)}
PAUSE = (0.3, 1.0)
LONGER_THAN_A_LEASE = 6.5


@dataclass(frozen=True)
class Strike:
    """After a pause of `after` seconds, `kind` befalls `target` for `seconds`."""

    after: float
    kind: str
    target: str
    seconds: float

    def __str__(self) -> str:
        return f"+{self.after:.2f} s: {self.kind} {self.target} for {self.seconds:.2f} s"


def schedule(seed: int, seconds: float, *, with_kafka: bool) -> list[Strike]:
    """Strikes that take about `seconds`: first, in a random order, those that no run may lack; then any."""
    chance = random.Random(seed)
    brokers = [KAFKA] if with_kafka else []
    processes = [GATEWAY, *SERVICES, STANDBY, POSTGRESQL, *brokers]
    proxied = [GATEWAY, POSTGRESQL, *brokers]
    everything = [(kind, target) for kind in PROCESS_FAULTS for target in processes]
    everything += [(kind, target) for kind in CONNECTION_FAULTS for target in proxied]
    must = [("kill", name) for name in (POSTGRESQL, "scheduling", "session", *brokers)]
    must += [("swallow", POSTGRESQL), ("cut", GATEWAY), ("cut", brokers[0] if brokers else POSTGRESQL)]
    chance.shuffle(must)
    must.insert(1, ("freeze", "scheduling"))
    strikes: list[Strike] = []
    while sum(strike.after + strike.seconds for strike in strikes) < seconds:
        kind, target = must.pop(0) if must else chance.choice(everything)
        bounds = (PROCESS_FAULTS | CONNECTION_FAULTS)[kind]
        lasting = chance.uniform(*bounds)
        if (kind, target) == ("freeze", "scheduling"):
            lasting = LONGER_THAN_A_LEASE  # the process that stands by takes over, and then this one wakes up
        strikes.append(Strike(chance.uniform(*PAUSE), kind, target, lasting))
    return strikes
