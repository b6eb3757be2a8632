"""The codes of the value sets that R4 binds with strength `required`.

https://hl7.org/fhir/R4/terminologies.html#required
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import orjson


class Concept(NamedTuple):
    system: str
    code: str
    display: str


@cache
def value_set(url: str) -> tuple[Concept, ...] | None:
    """The concepts of a value set in its own order, or None for one whose codes are not enumerable here.

    `url` is the canonical, with or without `|version`. Not enumerable are MIME types (BCP 13), UCUM units and
    one LOINC answer list.
    """
    rows = _expansions().get(url.partition("|")[0])
    return None if rows is None else tuple(Concept(*row) for row in rows)


def value_set_urls() -> tuple[str, ...]:
    """The canonicals of all value sets whose codes are known."""
    return tuple(_expansions())


@cache
def _expansions() -> dict[str, list[list[str]]]:
    text = (files("telerehab.fhir.definitions") / "data" / "value-sets.json").read_bytes()
    expansions: dict[str, list[list[str]]] = orjson.loads(text)
    return expansions
