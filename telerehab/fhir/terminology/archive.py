"""The code systems and value sets that R4 publishes, each read from one archive when it is first asked for.

`tools/pack_terminology.py` makes it; decision 0083 says what is in it.
https://hl7.org/fhir/R4/terminologies-systems.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import orjson

ARCHIVE = Path(__file__).parent / "data" / "definitions.zip"


def entry_name(type_: str, url: str) -> str:
    """Where the archive has the definition with that canonical."""
    return f"{type_}/{quote(url, safe='')}.json"


@lru_cache(maxsize=64)  # what is built from them is kept longer than they are
def published(type_: str, url: str) -> Mapping[str, Any] | None:
    """The CodeSystem or ValueSet that R4 publishes under a canonical (without "|version"), or None; read-only."""
    try:
        text = _archive().read(entry_name(type_, url))
    except KeyError:
        return None
    found: Mapping[str, Any] = orjson.loads(text)
    return found


@cache
def _archive() -> ZipFile:
    return ZipFile(ARCHIVE)  # kept open: reading its directory takes longer than most entries
