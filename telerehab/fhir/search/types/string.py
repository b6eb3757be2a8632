"""String: starts with, `:contains`, `:exact`; case, accents and spacing folded, each part of a name or address.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from unicodedata import combining, normalize

from telerehab.fhir.fhirpath.paths import Path
from telerehab.fhir.outcome import too_costly
from telerehab.fhir.search.escape import unescape
from telerehab.fhir.search.parameter import Parameter, Setting, Sink
from telerehab.fhir.search.predicate import Predicate, StringContains, StringEquals, StringStarts
from telerehab.fhir.search.refusal import malformed
from telerehab.fhir.search.rows import IndexRows, StringRow

MODIFIERS = frozenset({"contains", "exact"})
NOT = False
SHORTEST_CONTAINS = 3  # a trigram index needs three characters to stand on

_STROKES = str.maketrans(  # letters that Unicode does not decompose
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
_PARTS = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Without case and accents, spaces collapsed: what two strings share when a search takes them as the same."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = normalize("NFKD", normalize("NFKD", text).casefold()).translate(_STROKES)
    return " ".join("".join(mark for mark in decomposed if not combining(mark)).split())


def index(parameter: Parameter, path: Path, base: str) -> Sink | None:
    present, hash_ = parameter.present, parameter.hash
    parts = _PARTS.get(path.type)

    def plain(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        rows.strings.append(StringRow(hash_, fold(value), value))

    def structured(value: Any, rows: IndexRows) -> None:
        rows.tokens += present
        for text in _texts(value, parts or ()):
            rows.strings.append(StringRow(hash_, fold(text), text))

    return structured if parts else plain


def parse(parameter: Parameter, modifier: str | None, value: str, setting: Setting) -> Predicate:
    text = unescape(value)
    if modifier == "exact":
        return StringEquals(parameter.hash, text)
    folded = fold(text)
    if not folded:
        raise malformed(parameter.code, "text to look for")
    if modifier != "contains":
        return StringStarts(parameter.hash, folded)
    if len(folded) < SHORTEST_CONTAINS:
        raise too_costly(f"'{parameter.code}:contains' needs at least {SHORTEST_CONTAINS} characters.")
    return StringContains(parameter.hash, folded)


def _texts(value: dict[str, Any], parts: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        text = value.get(part)
        if isinstance(text, list):
            yield from (item for item in text if item)
        elif text:
            yield text
