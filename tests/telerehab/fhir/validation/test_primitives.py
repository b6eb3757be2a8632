"""Each primitive type's accepted and refused forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from telerehab.fhir.json import parse
from telerehab.fhir.validation.primitives import MAX_STRING, PRIMITIVES

# type: accepted, refused; as JSON text
CASES: dict[str, tuple[list[str], list[str]]] = {
    "boolean": (["true", "false"], ['"true"', "1", "null", "[]"]),
    "integer": (
        ["0", "-1", "2147483647", "-2147483648"],
        ["2147483648", "-2147483649", "1.0", "1e2", "-0", '"1"', "true"],
    ),
    "unsignedInt": (["0", "2147483647"], ["-1", "2147483648", "1.5"]),
    "positiveInt": (["1", "2147483647"], ["0", "-1", "2147483648"]),
    "decimal": (["0", "-1", "72.50", "1e-5", "1E20", "12345678901234567890.5", "-0"], ['"1"', "true", "null", "{}"]),
    "string": (
        ['"a"', '" "', '"\\t\\r\\n"', '"é\u00a0日本"', '"\\u2028"'],
        ['""', '"\\u0000"', '"\\u001b"', "1", "null"],
    ),
    "markdown": (['"# a\\n\\nb"'], ['""', '"\\u0008"']),
    "code": (['"a"', '"a b"', '"<="', '"a-b"'], ['""', '" a"', '"a "', '"a  b"', '"a\\tb"', '"a\\u0000"', "1"]),
    "id": (
        ['"a"', '"A-1.b"', f'"{"a" * 64}"', '"..."'],
        ['""', '"."', '".."', '"a/b"', '"a_b"', f'"{"a" * 65}"', '"é"', "1"],
    ),
    "uri": (['"a"', '"urn:oid:1"', '"http://x/é?a=b#c"', '"#a"'], ['""', '" "', '"a b"', '"a\\n"', "1"]),
    "url": (['"http://x"', '"mailto:a@b"'], ['"a b"', '""']),
    "canonical": (['"http://x|1.0"', '"#a"'], ['"a b"', '""']),
    "oid": (
        ['"urn:oid:1.2.3"', '"urn:oid:2.0"'],
        ['"urn:oid:1"', '"urn:oid:3.1"', '"urn:oid:1.02"', '"1.2.3"', '"urn:oid:1.2.3 "'],
    ),
    "uuid": (
        ['"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"'],
        ['"c757873d-ec9a-4326-a141-556f43239520"', '"urn:uuid:C757873D-EC9A-4326-A141-556F43239520"', '"urn:uuid:1"'],
    ),
    "date": (
        ['"2024"', '"2024-02"', '"2024-02-29"', '"2000-02-29"', '"0001-01-01"', '"9999-12-31"'],
        ['"2023-02-29"', '"1900-02-29"', '"2024-04-31"', '"2024-13"', '"2024-00"', '"0000"', '"24"', '"2024-1-1"',
         '"2024-02-29T10:00:00Z"', '"2024-02-29\\n"', '"２０２４"', '""', "2024"],
    ),
    "dateTime": (
        ['"2024"', '"2024-02"', '"2024-02-29"', '"2024-02-29T23:59:60Z"', '"2024-02-29T10:00:00.123456+14:00"',
         '"2024-02-29T10:00:00-13:59"'],
        ['"2024-02-29T10:00:00"', '"2024-02-29T10:00Z"', '"2024-02-29T24:00:00Z"', '"2023-02-29T10:00:00Z"',
         '"2024-02-29T10:00:00+14:01"', '"2024-02-29 10:00:00Z"', '"2024-02-29T10:00:00z"', '"2024-02T10:00:00Z"'],
    ),
    "instant": (
        ['"2024-02-29T10:00:00Z"', '"2024-02-29T10:00:00.000+01:00"'],
        ['"2024"', '"2024-02-29"', '"2024-02-29T10:00:00"', '"2024-02-30T10:00:00Z"'],
    ),
    "time": (['"00:00:00"', '"23:59:60"', '"12:30:15.5"'], ['"24:00:00"', '"12:30"', '"12:30:15Z"', '"1:00:00"']),
    "base64Binary": (
        ['"aGVsbG8="', '"aGVs\\nbG8="', '"AA=="'],
        ['""', '"a"', '"aGVsbG8"', '"a-_="', '"aGVsbG8=="', '"é"', "1"],
    ),
    "xhtml": (
        ['"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">a</div>"'],
        ['"<div>a</div>"', '"a"', '""', "1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_its_cases(name: str) -> None:
    accepted, refused = CASES[name]
    assert [text for text in accepted if PRIMITIVES[name](parse(text)) is not None] == []
    assert [text for text in refused if PRIMITIVES[name](parse(text)) is None] == []


@pytest.mark.parametrize("name", ["string", "markdown"])
def test_strings_end_at_a_mebibyte(name: str) -> None:
    assert PRIMITIVES[name]("a" * MAX_STRING) is None
    fault = PRIMITIVES[name]("a" * (MAX_STRING + 1))
    assert fault is not None
    assert fault.code == "too-long"


def test_base64_may_be_long() -> None:
    assert PRIMITIVES["base64Binary"]("QUJD" * MAX_STRING) is None


@pytest.mark.parametrize("value", [float("nan"), 1.5, object(), b"a"])
def test_what_json_cannot_be_is_refused(value: Any) -> None:
    assert [name for name, accept in PRIMITIVES.items() if accept(value) is None] == []


def test_the_cases_are_json() -> None:
    for accepted, refused in CASES.values():
        for text in accepted + refused:
            json.loads(text)
