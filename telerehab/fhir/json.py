"""JSON as FHIR wants it: the text of numbers survives, doubled keys and trailing data are refused.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

MAX_DEPTH = 64
JsonObject = dict[str, Any]


class Number(Decimal):
    """A JSON number that a machine integer cannot keep as written; `text` is how the client wrote it (72.50 stays 72.50)."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number


class JsonError(ValueError):
    """The text is not acceptable JSON; the message says what is wrong, never what the text holds."""


def parse(data: bytes | str) -> Any:
    """Parse one JSON document.

    Integers become int, other numbers `Number`. Raises `JsonError` on bad UTF-8, bad syntax, doubled keys,
    NaN or Infinity, trailing data, or nesting deeper than `MAX_DEPTH`.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError(f"not valid UTF-8 at byte {error.start}") from None
    _refuse_deep(text)
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg} at line {error.lineno} column {error.colno}") from None


def parse_object(data: bytes | str) -> JsonObject:
    """Parse one JSON document that must be an object; errors as `parse`."""
    value = parse(data)
    if not isinstance(value, dict):
        raise JsonError("expected a JSON object")
    return value


def dump(value: Any, *, pretty: bool = False) -> bytes:
    """Serialise to UTF-8 bytes, numbers by their text, members in the order of the mapping."""
    return orjson.dumps(value, default=_raw, option=orjson.OPT_INDENT_2 if pretty else None)


def _raw(value: Any) -> Any:
    if isinstance(value, Number):
        return orjson.Fragment(value.text)
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("a member name occurs twice in one object")
    return members


def _integer(text: str) -> int | Number:
    return Number(text) if text.startswith("-0") or len(text) > 18 else int(text)  # 64 bits at most


def _refuse_constant(name: str) -> Any:
    raise JsonError(f"{name} is not a JSON value")


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=Number, parse_int=_integer, parse_constant=_refuse_constant
)
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def _refuse_deep(text: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    depth = 0
    for match in _STRUCTURE.finditer(text):
        mark = match[0][0]
        if mark in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonError(f"nested deeper than {MAX_DEPTH} levels")
        elif mark in "}]":
            depth -= 1
