"""Reads the part of YAML that our deployment files keep to, and refuses the rest.

Mappings and lists by indentation, lists of strings in JSON on one line, strings, integers, booleans, comments, anchors
on a mapping, and merges of them. https://yaml.org/spec/1.2.2/ and https://yaml.org/type/merge.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_ENTRY = re.compile(r"(<<|[A-Za-z0-9_.-]+):(?: (.+))?")
_REFUSED_AT_START = tuple("&*!|>%@`{}'?,")  # what begins something we don't read
# Text that YAML ends early, or takes for something other than text: it has to be quoted.
_ELSE = re.compile(
    r"(?i) #|: |:$|^(?:~|null|yes|no|on|off|y|n)$"
    r"|^(?!(?:[1-9]\d*|\d+\.\d+\.\d+\.\d+)$)[-+.]?\d[\d_.:e+-]*$"
)


class NotPlain(ValueError):
    """This is not YAML, or more of it than we read; the message names the line."""


class _Line(NamedTuple):
    number: int
    indent: int
    text: str


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = list(_lines(text))
        self._anchors: dict[str, dict[str, Any]] = {}

    def document(self) -> dict[str, Any]:
        found = self._mapping(0)
        if self._lines:
            raise _not_plain(self._lines[0])
        return found

    def _block(self, indent: int) -> Any:
        """What stands below a key that is indented by `indent`."""
        if not self._lines or self._lines[0].indent <= indent:
            raise NotPlain(
                "a key without a value" + (f" before line {self._lines[0].number}" if self._lines else "")
            )
        first = self._lines[0]
        return self._list(first.indent) if first.text.startswith("- ") else self._mapping(first.indent)

    def _mapping(self, indent: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while self._lines and self._lines[0].indent == indent:
            line = self._lines.pop(0)
            match = _ENTRY.fullmatch(line.text)
            if match is None or match[1] in own:
                raise _not_plain(line)
            key, value = match.groups()
            if key == "<<":
                merged |= self._named(line, value)
            else:
                own[key] = self._value(line, value)
        return {**merged, **own}

    def _value(self, line: _Line, value: str | None) -> Any:
        if value is None:
            return self._block(line.indent)
        if value.startswith("*"):
            return self._named(line, value)
        if value.startswith("&"):
            block = self._anchors[value[1:]] = self._block(line.indent)
            return block
        return _scalar(line, value)

    def _list(self, indent: int) -> list[Any]:
        found = []
        while self._lines and self._lines[0].indent == indent:
            line = self._lines.pop(0)
            if not line.text.startswith("- "):
                raise _not_plain(line)
            text = line.text[2:]
            if _ENTRY.fullmatch(text):  # a mapping that begins behind the dash
                self._lines.insert(0, _Line(line.number, indent + 2, text))
                found.append(self._mapping(indent + 2))
            else:
                found.append(_scalar(line, text))
        return found

    def _named(self, line: _Line, value: str | None) -> dict[str, Any]:
        if value is None or value[1:] not in self._anchors:
            raise _not_plain(line)
        return self._anchors[value[1:]]


def read(text: str) -> dict[str, Any]:
    """The mapping that `text` is. Raises `NotPlain`."""
    return _Reader(text).document()


def _lines(text: str) -> Iterator[_Line]:
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if content and not content.startswith("#"):
            found = _Line(number, len(line) - len(line.lstrip(" ")), content)
            if "\t" in line:
                raise _not_plain(found)
            yield found


def _scalar(line: _Line, value: str) -> Any:
    if value.startswith(("[", '"')):
        try:
            return json.loads(value)
        except ValueError:
            raise _not_plain(line) from None
    if value in ("true", "false"):
        return value == "true"
    if value.startswith(_REFUSED_AT_START) or _ELSE.search(value):
        raise _not_plain(line)
    return int(value) if value.isdigit() else value


def _not_plain(line: _Line) -> NotPlain:
    return NotPlain(f"line {line.number}: {line.text}")
