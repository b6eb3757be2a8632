"""The 64-bit hashes by which tokens are kept and looked up.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

_SEPARATOR = "\x1f"  # not allowed in FHIR strings, so parts never run into each other


@lru_cache(maxsize=16384)
def token_hash(*parts: str) -> int:
    """A signed 64-bit number, the same in every process and release: stored rows depend on it."""
    text = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)
