"""What R4 itself defines, as search asks for it: the codes of a value set, and those above and below a code.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from functools import cache, lru_cache

from telerehab.fhir.definitions.value_sets import value_set, value_set_urls

Codings = frozenset[tuple[str, str]]
"""Pairs of system and code."""


@lru_cache(maxsize=256)  # callers ask for what clients name
def codings_in(url: str) -> Codings | None:
    """The (system, code) pairs of the value set with that canonical ("|version" is ignored), None where it is unknown.

    None too for value sets that are not enumerable here: the caller says so, it is no empty set.
    """
    concepts = value_set(url.partition("|")[0])
    return None if concepts is None else frozenset((concept.system, concept.code) for concept in concepts)


def codings_below(system: str, code: str) -> Codings | None:
    """The code itself and all that it subsumes; None where the system or the code is unknown."""
    return _alone(system, code)


def codings_above(system: str, code: str) -> Codings | None:
    """The code itself and all that subsume it; None where the system or the code is unknown."""
    return _alone(system, code)


def _alone(system: str, code: str) -> Codings | None:
    return frozenset({(system, code)}) if (system, code) in _known() else None


@cache
def _known() -> Codings:
    return frozenset(coding for url in value_set_urls() for coding in codings_in(url) or ())
