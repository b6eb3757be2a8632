"""Ids: UUIDv7 for new resources, derived ones for what an event makes.

https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
"""

from __future__ import annotations

import hashlib
import os
import time
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f0a6cb5-4f6c-4c7d-9a55-5d0f4f2b7a11")


def new_id() -> str:
    """A time-ordered UUIDv7: 48 bits of milliseconds, 74 random bits."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"  # UUID's own formatting takes ten times as long
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def derived_id(*parts: str) -> str:
    """The same id for the same parts, always: what a repeated event makes is made once."""
    return str(uuid5(_NAMESPACE, "\0".join(parts)))


def event_key(secret: bytes, identity: str) -> bytes:
    """A keyed hash (16 bytes) of a patient's or resource's id: orders events without telling whom they concern."""
    return hashlib.blake2b(identity.encode(), digest_size=16, key=secret).digest()
