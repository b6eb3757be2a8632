"""What the gateway's interactions need, wired together once at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from telerehab.rpc.neighbours import Neighbours
from telerehab.store.pool import Pool


@dataclass(frozen=True)
class Gateway:
    """One gateway at work. `base_url` is the FHIR base that clients use, without a trailing slash.

    `pool` is on the gateway's schema, in the database of all owners but those named in `elsewhere`; `wake` tells the
    relay of a service that its outbox has something.
    """

    neighbours: Neighbours
    base_url: str
    pool: Pool
    wake: Callable[[str], None]
    elsewhere: frozenset[str] = field(default=frozenset())
