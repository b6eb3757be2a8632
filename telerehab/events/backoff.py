"""Backoff: how long to wait before trying again, longer each time, with jitter.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between tries: from `first`, times `factor`, at most `longest`; half of each is chance."""

    first: float
    factor: float
    longest: float

    def seconds(self, failures: int) -> float:
        """The wait after so many failures (1 or more)."""
        whole = min(self.longest, self.first * self.factor ** min(failures - 1, 50))
        return whole * random.uniform(0.5, 1.0)


OUTAGE = Backoff(first=0.05, factor=2.0, longest=2.0)
"""Between tries to reach a database or broker that is down."""
