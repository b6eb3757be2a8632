"""Which definition a canonical means: what R4 publishes whole stays as it is, all else is what has been stored.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from telerehab.fhir.definitions.value_sets import value_set as bound_value_set
from telerehab.fhir.terminology.archive import published
from telerehab.fhir.terminology.code_system import CodeSystem

Json = Mapping[str, Any]
CURRENCIES = "urn:iso:std:iso:4217"
_CURRENCY_CODES = "http://hl7.org/fhir/ValueSet/currencies"
_WITHOUT_CONCEPTS = frozenset({"not-present", "supplement"})
_STATUSES = ("retired", "unknown", "draft", "active")


class Known:
    """What there is to resolve canonicals with: `stored` are CodeSystem and ValueSet resources, valid ones."""

    def __init__(self, stored: Iterable[Json] = ()) -> None:
        self._stored: dict[tuple[str, str], list[Json]] = {}
        for resource in stored:
            key = resource["resourceType"], resource.get("url", "")
            self._stored.setdefault(key, []).append(resource)
        self._built: dict[int, CodeSystem] = {}

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """The code system with its concepts, or None where it is not loaded."""
        given = published_code_system(url)
        if given is not None and given.complete and version in (None, given.version):
            return given
        for stored in best_first(self._stored.get(("CodeSystem", url), ()), version):
            if stored.get("content") not in _WITHOUT_CONCEPTS:
                return self._built.setdefault(id(stored), CodeSystem(stored))
        return given if given is not None and version in (None, given.version) else None

    def value_set(self, url: str, version: str | None = None) -> Json | None:
        """The ValueSet resource, or None."""
        given = published("ValueSet", url)
        if given is not None and version in (None, given.get("version")):
            return given
        for stored in best_first(self._stored.get(("ValueSet", url), ()), version):
            return stored
        return None


@lru_cache(maxsize=256)
def published_code_system(url: str) -> CodeSystem | None:
    """The code system that R4 publishes, ready to be asked."""
    if url == CURRENCIES:
        concepts = [
            {"code": one.code, "display": one.display} for one in bound_value_set(_CURRENCY_CODES) or ()
        ]
        return CodeSystem({"url": url, "name": "ISO 4217", "caseSensitive": True, "concept": concepts})
    resource = published("CodeSystem", url)
    return None if resource is None else CodeSystem(resource)


def split(canonical: str) -> tuple[str, str | None]:
    """Url and version of "url|version"."""
    url, _, version = canonical.partition("|")
    return url, version or None


def best_first(resources: Sequence[Json], version: str | None) -> list[Json]:
    """Those of the version asked for; without one the active before others, the highest version first."""
    named = [one for one in resources if version in (None, one.get("version"))]
    return sorted(named, key=_rank, reverse=True)


def _rank(resource: Json) -> tuple[int, list[tuple[int, str]]]:
    status = resource.get("status", "unknown")
    return _STATUSES.index(status) if status in _STATUSES else 0, list(_order(resource.get("version", "")))


def _order(version: str) -> Iterator[tuple[int, str]]:
    """Numbers of a version as numbers: 1.10 is after 1.9."""
    for part in re.findall(r"[0-9]{1,18}|[^0-9.]+", version):
        yield (int(part), "") if part.isdecimal() else (-1, part)


def names_in(resource: Json) -> Iterator[tuple[str, str]]:
    """The (type, url) of every definition that the content of a ValueSet rests on."""
    compose = resource.get("compose", {})
    for part in (*compose.get("include", ()), *compose.get("exclude", ())):
        if "system" in part:
            yield "CodeSystem", str(part["system"])
        for canonical in part.get("valueSet", ()):
            yield "ValueSet", split(str(canonical))[0]
