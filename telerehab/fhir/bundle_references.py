"""References within a bundle: to what the entries become, and to what search criteria find.

https://hl7.org/fhir/R4/http.html#trules
https://hl7.org/fhir/R4/bundle.html#references
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape, unescape
from typing import Any

from telerehab.fhir.fhirpath.element_types import members
from telerehab.fhir.json import JsonObject

_LINKING = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_RESTFUL = re.compile(r"(https?://.+)/([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]+\?.+")
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
    return content if not links else _object(content, (content["resourceType"],), links)


def _object(value: JsonObject, path: tuple[str, ...], links: Mapping[str, str]) -> JsonObject:
    type_ = value.get("resourceType")
    if isinstance(type_, str):
        path = (type_,)
    replaced = {}
    for name, held in value.items():
        changed = _any(held, (*path, name), links)
        if changed is not held:
            replaced[name] = changed
    return {**value, **replaced} if replaced else value


def _any(value: Any, path: tuple[str, ...], links: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _string(value, path, links)
    if isinstance(value, dict):
        return _object(value, path, links)
    if isinstance(value, list):
        changed = [_any(item, path, links) for item in value]
        return changed if any(new is not old for new, old in zip(changed, value, strict=True)) else value
    return value


def _string(value: str, path: tuple[str, ...], links: Mapping[str, str]) -> str:
    if path[-1] == "div" and path[-2:-1] == ("text",):
        return _narrative(value, links)
    found = links.get(value)
    if found is not None:
        return found if _links(path) else value
    url, mark, rest = _fragment(value)
    if mark and url in links and _links(path):
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


@cache
def _links(path: tuple[str, ...]) -> bool:
    """Whether the element at a path of JSON members ("Patient", "link", "other", "reference") holds a link."""
    if path[-1] == "reference" and _type_at(path[:-1]) == "Reference":
        return True
    return _type_at(path) in _LINKING


def _type_at(path: tuple[str, ...]) -> str:
    type_ = path[0]
    for name in path[1:]:
        type_ = "Element" if name.startswith("_") else _member_type(type_, name)
    return type_


def _member_type(type_: str, key: str) -> str:
    """The type of a JSON member; "" if there is none such. A choice's name ends before some capital letter."""
    cuts = [len(key), *(place for place in range(1, len(key)) if key[place].isupper())]
    found = (member.type for cut in cuts for member in members(type_, key[:cut]) if member.key == key)
    return next(found, "")
