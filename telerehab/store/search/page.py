"""What a search answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from telerehab.fhir.outcome import Issue
from telerehab.resource import Resource


@dataclass(frozen=True, slots=True)
class Page:
    """One page: matches in order, what was included, the cursor of the next page (None: this is the last).

    `total` is None unless it was asked for. `until` is set where a poller must go on from: rows from that time on are
    not shown yet. `issues` are for an entry of mode `outcome`.
    """

    matches: Sequence[Resource] = field(default=())
    included: Sequence[Resource] = field(default=())
    next_cursor: str | None = None
    total: int | None = None
    until: datetime | None = None
    issues: Sequence[Issue] = field(default=())
