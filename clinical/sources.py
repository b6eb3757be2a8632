"""The sources that the clinical files cite, from clinical/sources.toml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from clinical.reading import read, stated


@stated
class Sources:
    """What each mark stands for."""

    id: str
    title: str
    version: str
    source: Mapping[str, str]


@cache
def sources() -> Mapping[str, str]:
    """Every citation by its mark ("S15")."""
    return read(Sources, "sources.toml").source
