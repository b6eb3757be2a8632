"""What a driver has done: a line for each request, with what became of it, and what its poller has seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

SYSTEM = "https://example.org/nemesis"
ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"


@dataclass
class Request:
    """One write: its `marker` is in all it writes; `types` is what that is; `wrote` what the answer names.

    `wrote` has Type/id/version; `base` is the version that an update was of.
    """

    marker: str
    kind: str
    types: list[str]
    outcome: str = UNKNOWN
    status: int = 0
    wrote: list[str] = field(default_factory=list)
    base: int = 0


@dataclass
class Recording:
    """All requests, and the versions (Type/id/version) of Observations that the poller was given."""

    requests: list[Request]
    polled: set[str]

    def count(self, outcome: str) -> int:
        return sum(request.outcome == outcome for request in self.requests)


def line_of(request: Request) -> str:
    return json.dumps(asdict(request)) + "\n"


def line_of_polled(seen: Sequence[str]) -> str:
    return json.dumps({"polled": seen}) + "\n"


def recorded(file: Path) -> Recording:
    """The recording that a driver has finished; AssertionError if it has not."""
    requests, polled = [], None
    with file.open() as lines:
        for line in lines:
            content = json.loads(line)
            if "polled" in content:
                polled = set(content["polled"])
            else:
                requests.append(Request(**content))
    assert polled is not None, "the driver did not come to its end"
    return Recording(requests, polled)
