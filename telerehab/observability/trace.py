"""W3C trace context: which distributed trace a piece of work belongs to, and the header that carries it on.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re
from random import Random
from typing import NamedTuple

_random = Random().getrandbits  # an id need not be a secret, and asking the system for it takes longer
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)


class Trace(NamedTuple):
    """The trace (32 hex digits), this piece of work in it (16 hex digits) and the flags (2 hex digits)."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def traceparent(self) -> str:
        """The header for what this piece of work calls or causes."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def continue_trace(traceparent: str | None) -> Trace:
    """A new piece of work in the trace that the header names, or in a new trace when it names none."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None or not _is_valid(*match.groups()):
        digits = f"{_random(192):048x}"
        return Trace(digits[:32], digits[32:], "00")
    return Trace(match[2], f"{_random(64):016x}", match[4])


def _is_valid(version: str, trace_id: str, span_id: str, flags: str, rest: str | None) -> bool:
    known_form = version != "ff" and (version != "00" or rest is None)
    return known_form and trace_id != "0" * 32 and span_id != "0" * 16
