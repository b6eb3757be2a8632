"""A value set shown: its members filtered, paged and named as a caller asks, in a ValueSet resource.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telerehab.fhir.outcome import too_costly
from telerehab.fhir.search.types.string import fold
from telerehab.fhir.terminology.expansion import Content, Member

Json = Mapping[str, Any]

MOST_AT_ONCE = 5_000
UNCLOSED = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"
_LANGUAGES = "urn:ietf:bcp:47"
_LEFT_OUT = frozenset({"id", "meta", "text", "contained", "expansion"})


@dataclass(frozen=True, slots=True)
class Wish:
    """How an expansion is wanted: the parameters of $expand that say so."""

    filter: str = ""
    offset: int | None = None
    count: int | None = None
    designations: bool = False
    designation: Sequence[str] = ()
    active_only: bool = False
    selectable_only: bool = False
    language: str | None = None
    without_systems: frozenset[str] = frozenset()
    definition: bool = False


def shown(
    value_set: Json, content: Content, wish: Wish, *, identifier: str, timestamp: str, said: Sequence[Json]
) -> dict[str, Any]:
    """The ValueSet with its expansion; `said` are the parameters to record. 400 too-costly for too much at once."""
    members = [member for member in content.members.values() if _is_wanted(member, wish)]
    offset = wish.offset or 0
    count = MOST_AT_ONCE if wish.count is None else min(wish.count, MOST_AT_ONCE)
    if wish.count is None and len(members) - offset > MOST_AT_ONCE:
        raise too_costly(f"The value set has {len(members)} codes: ask for pages with offset and count.")
    page = members[offset : offset + count]
    expansion: dict[str, Any] = {"identifier": identifier, "timestamp": timestamp, "total": len(members)}
    if content.partial:
        expansion = {"extension": [{"url": UNCLOSED, "valueBoolean": True}], **expansion}
    if wish.offset is not None or wish.count is not None:
        expansion["offset"] = offset
    parameters = [*said, *({"name": "version", "valueUri": used} for used in content.used)]
    if parameters:
        expansion["parameter"] = parameters
    if page:
        expansion["contains"] = [_contains(member, wish) for member in page]
    left_out = _LEFT_OUT if wish.definition else _LEFT_OUT | {"compose"}
    return {
        **{name: value for name, value in value_set.items() if name.lstrip("_") not in left_out},
        "expansion": expansion,
    }


def _is_wanted(member: Member, wish: Wish) -> bool:
    if (wish.active_only and member.inactive) or (wish.selectable_only and member.abstract):
        return False
    if member.system in wish.without_systems or f"{member.system}|{member.version}" in wish.without_systems:
        return False
    return not wish.filter or matches(member, wish.filter)


def matches(member: Member, text: str) -> bool:
    """Whether every word of `text` begins a word of what the member is called, or its code; case and accents folded."""
    names = [member.code, member.display or "", *(str(one["value"]) for one in member.designations)]
    words = [word for name in names for word in _words(name)]
    return all(any(word.startswith(wanted) for word in words) for wanted in _words(text))


def _words(text: str) -> Iterator[str]:
    folded = fold(text)
    yield from folded.split()
    if not folded.replace(" ", "").isalnum():
        yield from "".join(mark if mark.isalnum() else " " for mark in folded).split()


def _contains(member: Member, wish: Wish) -> dict[str, Any]:
    display = in_language(member.display, member.designations, wish.language)
    said = {
        "system": member.system or None,
        "abstract": member.abstract or None,
        "inactive": member.inactive or None,
        "version": member.version,
        "code": member.code,
        "display": display,
        "designation": [dict(one) for one in _designations(member, wish)] or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _designations(member: Member, wish: Wish) -> Iterator[Json]:
    if not wish.designations and not wish.designation:
        return
    for one in member.designations:
        if not wish.designation or any(_is_of(one, token) for token in wish.designation):
            yield one


def _is_of(designation: Json, token: str) -> bool:
    """Whether a designation is of the language or use that a token names."""
    system, _, code = token.rpartition("|")
    use = designation.get("use", {})
    if system in ("", _LANGUAGES) and _speaks(designation.get("language"), code):
        return True
    return bool(use.get("code") == code and system in ("", use.get("system")))


def in_language(display: str | None, designations: Sequence[Json], language: str | None) -> str | None:
    """What a concept is called in a language, else its display."""
    if language is not None:
        for one in designations:
            if _speaks(one.get("language"), language):
                return str(one["value"])
    return display


def _speaks(language: Any, wanted: str) -> bool:
    """Whether a language tag is the one wanted or a regional form of it."""
    return isinstance(language, str) and f"{language.lower()}-".startswith(f"{wanted.lower()}-")
