"""Strings: searched, cut, replaced, encoded.

https://hl7.org/fhirpath/N1/#string-manipulation
"""

from __future__ import annotations

import base64
import binascii
import html
import json
from collections.abc import Callable
from typing import Any

from telerehab.fhir.fhirpath.functions.registry import Collection, Scope, function, of
from telerehab.fhir.fhirpath.lexer import FhirPathError
from telerehab.fhir.fhirpath.regex import pattern
from telerehab.fhir.fhirpath.single import measured, text, whole


def _of_text(name: str, compute: Callable[..., Any], arguments: int = 0) -> None:
    """A function of one string and further strings; empty where any of them is."""

    @function(name, arguments)
    def computed(focus: Collection, scope: Scope, *given: Collection) -> Collection:
        values = [text(focus), *map(text, given)]
        return [] if None in values else of(measured(compute(*values)))


_of_text("startsWith", str.startswith, 1)
_of_text("endsWith", str.endswith, 1)
_of_text("contains", str.__contains__, 1)
_of_text("indexOf", str.find, 1)
_of_text("lastIndexOf", str.rfind, 1)
_of_text("upper", str.upper)
_of_text("lower", str.lower)
_of_text("trim", str.strip)
_of_text("length", len)
_of_text("replace", str.replace, 2)
_of_text("matches", lambda value, regex: pattern(regex, value).search(value) is not None, 1)
_of_text("matchesFull", lambda value, regex: pattern(regex, value).fullmatch(value) is not None, 1)


@function("replaceMatches", 2)
def replace_matches(focus: Collection, scope: Scope, regex: Collection, by: Collection) -> Collection:
    value, wanted, substitution = text(focus), text(regex), text(by)
    if value is None or wanted is None or substitution is None:
        return []
    if not wanted:
        return [value]
    template = substitution.replace("\\", "\\\\").replace("$0", "\\g<0>")
    for group in range(1, 10):
        template = template.replace(f"${group}", f"\\g<{group}>")
    try:
        return [measured(pattern(wanted, value).sub(template, value))]
    except (IndexError, ValueError) as error:
        raise FhirPathError("the substitution names a group that is not there") from error


@function("substring", 1, 2)
def substring(
    focus: Collection, scope: Scope, start: Collection, length: Collection | None = None
) -> Collection:
    value, first = text(focus), whole(start)
    if value is None or first is None or not 0 <= first < len(value):
        return []
    count = whole(length) if length is not None else None
    return [value[first:] if count is None else value[first : first + max(0, count)]]


@function("toChars")
def to_chars(focus: Collection, scope: Scope) -> Collection:
    return list(text(focus) or "")


@function("split", 1)
def split(focus: Collection, scope: Scope, separator: Collection) -> Collection:
    value, by = text(focus), text(separator)
    if value is None or by is None:
        return []
    return list(value.split(by)) if by else list(value)


@function("join", 0, 1)
def join(focus: Collection, scope: Scope, separator: Collection | None = None) -> Collection:
    parts = [part for part in (text([item]) for item in focus) if part is not None]
    return [measured((text(separator or []) or "").join(parts))] if focus else []


_BASE64 = {
    "base64": (base64.b64encode, base64.b64decode),
    "urlbase64": (base64.urlsafe_b64encode, base64.urlsafe_b64decode),
}


def _encode(value: str, form: str) -> str | None:
    if form == "hex":
        return value.encode().hex()
    return _BASE64[form][0](value.encode()).decode() if form in _BASE64 else None


def _decode(value: str, form: str) -> str | None:
    try:
        if form == "hex":
            return bytes.fromhex(value).decode()
        return _BASE64[form][1](value.encode()).decode() if form in _BASE64 else None
    except (ValueError, binascii.Error):
        return None


def _escape(value: str, form: str) -> str | None:
    if form == "html":
        return html.escape(value)
    return json.dumps(value, ensure_ascii=False)[1:-1] if form == "json" else None


def _unescape(value: str, form: str) -> str | None:
    if form == "html":
        return html.unescape(value)
    return _unescaped_json(value) if form == "json" else None


def _unescaped_json(value: str) -> str | None:
    try:
        found = json.loads(f'"{value}"')
    except ValueError:
        return value
    return found if isinstance(found, str) else None


_of_text("encode", _encode, 1)
_of_text("decode", _decode, 1)
_of_text("escape", _escape, 1)
_of_text("unescape", _unescape, 1)
