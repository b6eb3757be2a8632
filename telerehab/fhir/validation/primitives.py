"""The primitive types: what their JSON form and text must look like.

https://hl7.org/fhir/R4/datatypes.html#primitive
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from telerehab.fhir.validation.context import Accept, Fault
from telerehab.fhir.validation.narrative import accept_xhtml

MAX_STRING = 1024 * 1024

_NOT_A_STRING = Fault("structure", "Expected a JSON string.")
_NOT_A_NUMBER = Fault("structure", "Expected a JSON number.")
_NOT_A_BOOLEAN = Fault("structure", "Expected true or false.")
_EMPTY = Fault("value", "A string must not be empty; leave the element out.")
_CONTROL = Fault(
    "value", "A string must not hold control characters other than tab, carriage return, line feed."
)
_TOO_LONG = Fault("too-long", "A string must not be longer than 1048576 characters.")
_NO_SUCH_DAY = Fault("value", "There is no such day in the calendar.")

_control_character = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]").search


def _string(value: Any) -> Fault | None:
    if type(value) is not str:
        return _NOT_A_STRING
    if not value:
        return _EMPTY
    if len(value) > MAX_STRING:
        return _TOO_LONG
    if value.isprintable() or not _control_character(value):
        return None
    return _CONTROL


def _pattern(pattern: str, expected: str) -> Accept:
    """A string of a regular form; `expected` completes the sentence 'Expected …'."""
    matches = re.compile(pattern).fullmatch
    fault = Fault("value", f"Expected {expected}.")

    def accept(value: Any) -> Fault | None:
        if type(value) is not str:
            return _NOT_A_STRING
        if matches(value):
            return None
        return fault if value else _EMPTY

    return accept


_CODE = Fault("value", "Expected a code: no white space but single spaces inside.")
_code_form = re.compile(r"\S+(?: \S+)*").fullmatch


def accept_code(value: Any) -> Fault | None:
    """A code: `[^\\s]+(\\s[^\\s]+)*`, without control characters."""
    if type(value) is not str:
        return _NOT_A_STRING
    if value.isalnum():
        return None
    if not value:
        return _EMPTY
    return None if _code_form(value) and not _control_character(value) else _CODE


_URI = Fault("value", "Expected a URI, without white space.")
_uri_form = re.compile(r"[^\s\x00-\x1f]+").fullmatch


def _uri(value: Any) -> Fault | None:
    if type(value) is not str:
        return _NOT_A_STRING
    if not value:
        return _EMPTY
    return None if _uri_form(value) else _URI


_ID = Fault("value", "Expected an id: 1 to 64 of A-Z a-z 0-9 - . (and not '.' or '..').")
_id_form = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch


def _id(value: Any) -> Fault | None:
    if type(value) is not str:
        return _NOT_A_STRING
    # '.' and '..' fit the pattern, but as a segment of a URL they mean another place
    return None if _id_form(value) and value != "." and value != ".." else _ID


def _boolean(value: Any) -> Fault | None:
    return None if value is True or value is False else _NOT_A_BOOLEAN


def _integer(lowest: int, expected: str) -> Accept:
    fault = Fault("value", f"Expected {expected}.")

    def accept(value: Any) -> Fault | None:
        if type(value) is int:
            return None if lowest <= value <= 2147483647 else fault
        return fault if isinstance(value, Decimal) else _NOT_A_NUMBER

    return accept


_NOT_FINITE = Fault("value", "Expected a finite number.")


def _decimal(value: Any) -> Fault | None:
    if type(value) is int:
        return None
    if isinstance(value, Decimal):
        return None if value.is_finite() else _NOT_FINITE
    return _NOT_A_NUMBER


_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"


def _calendar(pattern: str, expected: str) -> Accept:
    form = _pattern(pattern, expected)

    def accept(value: Any) -> Fault | None:
        fault = form(value)
        if fault is None and value[8:10] > "28":
            try:
                date(int(value[:4]), int(value[5:7]), int(value[8:10]))
            except ValueError:
                return _NO_SUCH_DAY
        return fault

    return accept


_NOT_BASE64 = Fault("value", "Expected base64 (RFC 4648), padded.")


def _base64(value: Any) -> Fault | None:
    if type(value) is not str:
        return _NOT_A_STRING
    if not value:
        return _EMPTY
    compact = "".join(value.split())  # the standard lets lines be broken
    try:
        binascii.a2b_base64(compact, strict_mode=True)
    except (binascii.Error, ValueError):
        return _NOT_BASE64
    return None


PRIMITIVES: dict[str, Callable[[Any], Fault | None]] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _uri,
    "code": accept_code,
    "date": _calendar(rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?", "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": _calendar(
        rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY}(?:T{_TIME}{_ZONE})?)?)?",
        "a date or a time with its zone: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
    ),
    "decimal": _decimal,
    "id": _id,
    "instant": _calendar(
        rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}", "an instant with its zone: YYYY-MM-DDThh:mm:ss.sss+zz:zz"
    ),
    "integer": _integer(-2147483648, "an integer of 32 bits"),
    "markdown": _string,
    "oid": _pattern(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", "an OID: urn:oid:1.2.3"),
    "positiveInt": _integer(1, "an integer from 1 to 2147483647"),
    "string": _string,
    "time": _pattern(_TIME, "a time of day: hh:mm:ss"),
    "unsignedInt": _integer(0, "an integer from 0 to 2147483647"),
    "uri": _uri,
    "url": _uri,
    "uuid": _pattern(
        r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "a UUID: urn:uuid:, lower case",
    ),
    "xhtml": accept_xhtml,
}
"""The judge of each primitive type's values."""
