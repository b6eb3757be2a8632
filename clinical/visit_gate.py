"""What must be known before a visit starts, from clinical/session/gate.toml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from clinical.reading import read, stated


@stated
class VisitGate:
    """What is asked before each visit.

    `confirmed_minutes`: how long a confirmation counts; `identifiers`: how many must agree, of the kinds `identifier`;
    `reason`: why a clinician may go on without an item. Both are texts by code.
    """

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    confirmed_minutes: int
    confirmed_minutes_source: str
    identifiers: int
    identifiers_source: str
    identifier: Mapping[str, str]
    reason: Mapping[str, str]


@cache
def visit_gate() -> VisitGate:
    """The gate of a visit."""
    return read(VisitGate, "session/gate.toml")
