"""References within a bundle: to what the entries become, and to what search criteria find.

https://hl7.org/fhir/R4/http.html#trules
https://hl7.org/fhir/R4/bundle.html#references
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape, unescape
from operator import is_not
from typing import Any

from telerehab.fhir import json
from telerehab.fhir.fhirpath.element_types import members
from telerehab.fhir.json import JsonObject

_LINKING = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_RESTFUL = re.compile(r"(https?://.+)/([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]+\?.+")
_CRITERIA_MENTIONED = re.compile(rb'"reference":"[A-Z][A-Za-z]+\?').search
_HREF = re.compile(r"""(\b(?:href|src)\s*=\s*)(["'])(.*?)\2""", re.DOTALL)


class Links:
    """What the URLs in a bundle stand for: fullUrls and criteria on the left, "Type/id" on the right."""

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}
        self._below: dict[str, dict[str, str]] = {}

    def add(self, url: str, reference: str, version: object = None) -> None:
        """`url` (a fullUrl or criteria) stands for `reference`.

        Of a RESTful fullUrl the relative form counts too, for entries below the same base. `version` is the one that
        the resource had where it comes from, if it is created here: a reference to that version is to the first here.
        """
        self._urls[url] = reference
        old, new = f"/_history/{version}", f"{reference}/_history/1"
        if version is not None:
            self._urls[f"{url}{old}"] = new
        if match := _RESTFUL.fullmatch(url):
            below = self._below.setdefault(match[1], {})
            below[match[2]] = reference
            if version is not None:
                below[f"{match[2]}{old}"] = new

    def seen_from(self, full_url: str | None) -> Mapping[str, str]:
        """What URLs stand for in the entry with this fullUrl."""
        match = _RESTFUL.fullmatch(full_url or "")
        relative = self._below.get(match[1]) if match else None
        return {**self._urls, **relative} if relative else self._urls


def conditional_references(content: JsonObject) -> Iterator[str]:
    """The references by search criteria ("Patient?identifier=1") that `content` holds."""
    if not _CRITERIA_MENTIONED(json.dump(content)):
        return
    stack: list[Any] = [content]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, dict):
            reference = value.get("reference")
            if isinstance(reference, str) and _CONDITIONAL.fullmatch(reference):
                yield reference
            stack += value.values()


def rewrite(content: JsonObject, links: Mapping[str, str]) -> JsonObject:
    """`content` with what `links` names replaced in references, URIs of all kinds and links of narratives.

    Strings of other types stay as they are, even if they look the same (an Identifier.value, a text).
    """
    return _object(content, content["resourceType"], links) if links else content


def _object(value: JsonObject, type_: str, links: Mapping[str, str]) -> JsonObject:
    """An object of a type (`Reference`), or of an element defined in place (`Patient.link`)."""
    own = value.get("resourceType")
    if isinstance(own, str):
        type_ = own
    replaced = {}
    for name, held in value.items():
        changed = _any(held, type_, name, links)
        if changed is not held:
            replaced[name] = changed
    return {**value, **replaced} if replaced else value


def _any(value: Any, owner: str, name: str, links: Mapping[str, str]) -> Any:
    """What the member `name` of an object of type `owner` holds."""
    kind = type(value)
    if kind is str:
        return _string(value, owner, name, links)
    if kind is dict:
        return _object(value, _type_of(owner, name), links)
    if kind is list:
        changed = [_any(item, owner, name, links) for item in value]
        return changed if any(map(is_not, changed, value)) else value
    return value


def _string(value: str, owner: str, name: str, links: Mapping[str, str]) -> str:
    if name == "div" and owner == "Narrative":
        return _narrative(value, links)
    found = links.get(value)
    if found is not None:
        return found if _is_link(owner, name) else value
    if "|" in value or "#" in value:
        url, mark, rest = _fragment(value)
        if url in links and _is_link(owner, name):
            return f"{links[url]}{mark}{rest}"
    return value


def _fragment(value: str) -> tuple[str, str, str]:
    """A canonical's url and what follows it: |version or #fragment."""
    url, mark, rest = value.partition("|")
    return (url, mark, rest) if mark else value.partition("#")


def _narrative(value: str, links: Mapping[str, str]) -> str:
    def follow(match: re.Match[str]) -> str:
        found = links.get(unescape(match[3]))
        return match[0] if found is None else f"{match[1]}{match[2]}{escape(found)}{match[2]}"

    changed = _HREF.sub(follow, value)
    return value if changed == value else changed


def _is_link(owner: str, name: str) -> bool:
    """Whether the member `name` of an object of type `owner` is a reference or a URI of some kind."""
    return (name == "reference" and owner == "Reference") or _type_of(owner, name) in _LINKING


@lru_cache(maxsize=1 << 14)  # names may be a client's
def _type_of(owner: str, name: str) -> str:
    return "Element" if name.startswith("_") else _member_type(owner, name)


def _member_type(type_: str, key: str) -> str:
    """The type of a JSON member; "" if there is none such. A choice's name ends before some capital letter."""
    cuts = [len(key), *(place for place in range(1, len(key)) if key[place].isupper())]
    found = (member.type for cut in cuts for member in members(type_, key[:cut]) if member.key == key)
    return next(found, "")
