"""JSON as FHIR wants it: the text of numbers survives, doubled keys and trailing data are refused.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol, cast

import orjson

MAX_DEPTH = 64
MAX_DIGITS = 1000
"""Of a number, before and behind its point: more is no measure, and arithmetic with 1e999999999 takes gigabytes."""

JsonObject = dict[str, Any]


class Number(Decimal):
    """A JSON number that a machine integer cannot keep as written.

    `text` is how the client wrote it: 72.50 stays 72.50.
    """

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
    NaN or Infinity, trailing data, half a surrogate pair, numbers of more than `MAX_DIGITS`, or nesting deeper
    than `MAX_DEPTH`.
    """
    text = _text(data)
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _refuse_deep(value)
    if "\\u" in text and _surrogate_escape(text):
        _refuse_half_pairs(value)
    return value


def parse_object(data: bytes | str) -> JsonObject:
    """Parse one JSON document that must be an object; errors as `parse`."""
    value = parse(data)
    if not isinstance(value, dict):
        raise JsonError("expected a JSON object")
    return value


def dump(value: Any, *, pretty: bool = False) -> bytes:
    """Serialise to UTF-8 bytes, numbers by their text, members in the order of the mapping."""
    return orjson.dumps(value, default=_raw, option=orjson.OPT_INDENT_2 if pretty else None)


def _text(data: bytes | str) -> str:
    try:
        if isinstance(data, bytes):
            data = data.decode("utf-8")
        elif not data.isascii():
            data.encode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError(f"not valid UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise _half_pair() from None
    if data.startswith("\ufeff"):
        raise JsonError("it starts with a byte order mark")
    return data


class Wire(Protocol):
    """Something that knows its own JSON: a stored resource inside a bundle is not parsed to be sent."""

    def wire(self) -> bytes: ...


def _raw(value: Any) -> Any:
    if isinstance(value, Number):
        return orjson.Fragment(value.text)
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "wire"):  # asking a runtime protocol costs 10 µs a value
        return orjson.Fragment(cast(Wire, value).wire())
    raise TypeError(f"{type(value).__name__} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("a member name occurs twice in one object")
    return members


def _integer(text: str) -> int | Number:
    if len(text) > 18:  # may not fit 64 bits
        return _number(text)
    return Number(text) if text.startswith("-0") else int(text)


def _number(text: str) -> Number:
    if len(text) > MAX_DIGITS:
        raise JsonError(f"a number of more than {MAX_DIGITS} digits")
    try:
        number = Number(text)
    except InvalidOperation:
        raise JsonError("a number beyond any measure") from None
    if not -MAX_DIGITS < number.adjusted() < MAX_DIGITS:
        raise JsonError(f"a number of more than {MAX_DIGITS} digits")
    return number


def _refuse_constant(name: str) -> Any:
    raise JsonError(f"{name} is not a JSON value")


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_number, parse_int=_integer, parse_constant=_refuse_constant
)


def _refuse_deep(value: Any) -> None:
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> JsonError:
    return JsonError(f"nested deeper than {MAX_DEPTH} levels")


_surrogate_escape = re.compile(r"\\u[dD][89a-fA-F]").search


def _refuse_half_pairs(value: Any) -> None:
    try:
        dump(value)  # no UTF-8 can be made of half a surrogate pair
    except TypeError:
        raise _half_pair() from None


def _half_pair() -> JsonError:
    return JsonError("half a surrogate pair is not a character")
