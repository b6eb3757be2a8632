"""Ids: UUIDv7 for new resources, derived ones for what an event makes.

https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
"""

from __future__ import annotations

import hashlib
import os
import time
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f0a6cb5-4f6c-4c7d-9a55-5d0f4f2b7a11")

_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62
_FREE = (1 << 76) - 1 & ~(0x3 << 62)
_AT_ONCE = 400  # a call to the system for each id takes longer than all the rest of it
_random: list[int] = []
os.register_at_fork(after_in_child=_random.clear)


def new_id() -> str:
    """A time-ordered UUIDv7: 48 bits of milliseconds, 74 random bits."""
    try:
        random = _random.pop()
    except IndexError:
        drawn = os.urandom(10 * _AT_ONCE)
        _random.extend(int.from_bytes(drawn[at : at + 10], "big") for at in range(10, 10 * _AT_ONCE, 10))
        random = int.from_bytes(drawn[:10], "big")
    value = time.time_ns() // 1_000_000 << 80 | random & _FREE | _VERSION_AND_VARIANT
    digits = f"{value:032x}"  # UUID's own formatting takes ten times as long
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def derived_id(*parts: str) -> str:
    """The same id for the same parts, always: what a repeated event makes is made once."""
    return str(uuid5(_NAMESPACE, "\0".join(parts)))


def event_key(secret: bytes, identity: str) -> bytes:
    """A keyed hash (16 bytes) of a patient's or resource's id: orders events without telling whom they concern."""
    return hashlib.blake2b(identity.encode(), digest_size=16, key=secret).digest()
