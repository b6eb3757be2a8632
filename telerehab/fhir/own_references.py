"""References to this server by its absolute URL, made relative: both name the same resource.

Scheme and host are compared as URLs are (https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2), the rest to the letter.
https://hl7.org/fhir/R4/references.html#literal
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from telerehab.fhir.json import JsonObject

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_ABSOLUTE = re.compile(r'"reference"\s*:\s*"([Hh][^"]*)')


def mentioned(text: str, base_url: str) -> bool:
    """Whether a resource's JSON has a reference below our `base_url`: cheap where it has none that is absolute."""
    below = _below(base_url)
    return any(below.match(found[1]) for found in _ABSOLUTE.finditer(text))


def relative(content: JsonObject, base_url: str) -> JsonObject:
    """`content` with every Reference.reference below `base_url` made relative to it; other URLs stay as they are."""
    changed = _relative(content, _below(base_url))
    assert isinstance(changed, dict)
    return changed


def relative_reference(reference: str, base_url: str) -> str:
    """`reference` relative to `base_url` if it lies below it, else as it is."""
    return _below(base_url).sub("", reference, count=1)


@lru_cache(maxsize=16)
def _below(base_url: str) -> re.Pattern[str]:
    """What an absolute reference of ours begins with.

    By http or https alike; the port may be left out where it is the scheme's own. A server on the loopback goes by
    each of its names.
    """
    parts = urlsplit(base_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
    hosts = "|".join(map(re.escape, _LOOPBACK if host in _LOOPBACK else (host,)))
    if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)):
        origin = f"(?:http://(?:{hosts})(?::80)?|https://(?:{hosts})(?::443)?)"
    else:
        origin = f"https?://(?:{hosts}):{parts.port}"
    return re.compile(f"^(?i:{origin}){re.escape(parts.path.rstrip('/'))}/")


def _relative(value: Any, below: re.Pattern[str]) -> Any:
    if isinstance(value, list):
        return [_relative(item, below) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _relative(held, below) for name, held in value.items()}
    reference = changed.get("reference")
    if isinstance(reference, str):
        changed["reference"] = below.sub("", reference, count=1)
    return changed
