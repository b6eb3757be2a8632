"""What R4 itself defines, as search asks for it: the codes of a value set, and those above and below a code.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from functools import lru_cache

from telerehab.fhir.definitions.value_sets import value_set
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.terminology.expansion import content_of
from telerehab.fhir.terminology.known import Known, published_code_system, split

Codings = frozenset[tuple[str, str]]
"""Pairs of system and code."""

_PUBLISHED = Known()


@lru_cache(maxsize=256)  # callers ask for what clients name
def codings_in(url: str) -> Codings | None:
    """The (system, code) pairs of the value set with that canonical ("url|version" too), None where it is unknown.

    None too where its codes are not all known here: the caller says so, it is no empty set.
    """
    bound = value_set(url) if "|" not in url else None
    if bound is not None:
        return frozenset((concept.system, concept.code) for concept in bound)
    found = _PUBLISHED.value_set(*split(url))
    if found is None:
        return None
    try:
        return frozenset(content_of(found, _PUBLISHED).whole().members)
    except FhirError:
        return None


def codings_below(system: str, code: str) -> Codings | None:
    """The code itself and all that it subsumes; None where the system or the code is unknown."""
    found = published_code_system(system)
    concept = None if found is None else found.find(code)
    if found is None or concept is None:
        return None
    return frozenset((system, below) for below in found.below(concept.code))


def codings_above(system: str, code: str) -> Codings | None:
    """The code itself and all that subsume it; None where the system or the code is unknown."""
    found = published_code_system(system)
    concept = None if found is None else found.find(code)
    if found is None or concept is None:
        return None
    return frozenset((system, above) for above in found.above(concept.code))
