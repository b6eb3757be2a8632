"""What the JSON reader keeps, and what it refuses."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telerehab.fhir.json import MAX_DEPTH, JsonError, Number, dump, parse, parse_object


@pytest.mark.parametrize(
    "text",
    ["72.50", "1.0", "1E2", "1e+2", "0.00", "-0", "-0.0", "12345678901234567890", "0.1234567890123456789"],
)
def test_a_number_comes_back_as_written(text: str) -> None:
    assert dump(parse(text)) == text.encode()


def test_a_number_keeps_its_text_when_copied() -> None:
    assert dump(copy.deepcopy(parse_object('{"value":72.50}'))) == b'{"value":72.50}'


def test_integers_are_int_and_other_numbers_decimal() -> None:
    assert parse("[7, -7, 72.50]") == [7, -7, Decimal("72.5")]
    assert [type(item) for item in parse("[7, 7.0]")] == [int, Number]


def test_members_keep_their_order() -> None:
    assert list(parse_object('{"b": 1, "a": 2, "c": 3}')) == ["b", "a", "c"]


def test_what_knows_its_json_goes_out_as_it_is() -> None:
    class Stored:
        def wire(self) -> bytes:
            return b'{"b":1.50}'

    assert dump({"resource": Stored()}) == b'{"resource":{"b":1.50}}'


@pytest.mark.parametrize("value", [object(), Decimal("NaN"), Decimal("Infinity"), {1}])
def test_what_is_no_json_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        dump([value])


REFUSED: dict[str, tuple[bytes | str, str | None]] = {
    "bad UTF-8": (b'{"a": "\xff"}', "not valid UTF-8 at byte 7"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not valid UTF-8 at byte 0"),
    "a byte order mark": (b'\xef\xbb\xbf{"a": 1}', "it starts with a byte order mark"),
    "nothing": (b"", "Expecting value at line 1 column 1"),
    "a doubled member": (b'{"a": 1, "b": 2, "a": 1}', "a member name occurs twice in one object"),
    "a doubled member, escaped": (rb'{"a": 1, "\u0061": 1}', "a member name occurs twice in one object"),
    "a doubled member inside": (b'[{"c": {"a": 1, "a": 1}}]', "a member name occurs twice in one object"),
    "NaN": (b'{"a": NaN}', "NaN is not a JSON value"),
    "Infinity": (b"[Infinity]", "Infinity is not a JSON value"),
    "-Infinity": (b"-Infinity", "-Infinity is not a JSON value"),
    "trailing data": (b'{"a": 1} {"b": 2}', "Extra data at line 1 column 10"),
    "a trailing comma": (b'{"a": 1,}', None),
    "single quotes": (b"{'a': 1}", None),
    "a comment": (b'{"a": 1} // so', None),
    "a leading zero": (b"[01]", None),
    "a leading plus": (b"[+1]", None),
    "a bare point": (b"[1.]", None),
    "a raw control character": (b'["a\x01b"]', None),
    "half a surrogate pair": (rb'{"a": "\ud800"}', "half a surrogate pair is not a character"),
    "the other half": (rb'["\uDFFF"]', "half a surrogate pair is not a character"),
    "halves in the wrong order": (rb'["\ude00\ud83d"]', "half a surrogate pair is not a character"),
    "half a surrogate pair as a name": (rb'{"\ud800": 1}', "half a surrogate pair is not a character"),
    "half a surrogate pair in a str": ('["\ud800"]', "half a surrogate pair is not a character"),
    "an exponent beyond any measure": (b"[1e999999999]", "a number of more than 1000 digits"),
    "a negative one": (b"[1e-999999999]", "a number of more than 1000 digits"),
    "an exponent decimals cannot hold": (b"[1e99999999999999999999]", "a number beyond any measure"),
    "a long integer": (b"[" + b"9" * 5000 + b"]", "a number of more than 1000 digits"),
    "a long fraction": (b"[0." + b"9" * 5000 + b"]", "a number of more than 1000 digits"),
    "deep arrays": (
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        f"nested deeper than {MAX_DEPTH} levels",
    ),
    "deep objects": (b'{"a":' * 100 + b"1" + b"}" * 100, f"nested deeper than {MAX_DEPTH} levels"),
    "abysmal arrays": (b"[" * 1_000_000, f"nested deeper than {MAX_DEPTH} levels"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    data, message = REFUSED[case]
    with pytest.raises(JsonError) as refusal:
        parse(data)
    assert message is None or str(refusal.value) == message


def test_the_deepest_allowed_is_read() -> None:
    assert dump(parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH


def test_brackets_in_strings_are_not_depth() -> None:
    assert parse(json.dumps("[{" * 1000)) == "[{" * 1000
    assert parse(json.dumps(["[" * 1000, '"[{' * 1000])) == ["[" * 1000, '"[{' * 1000]


def test_a_wide_document_is_not_deep() -> None:
    assert len(parse(b"[" + b"[]," * 1000 + b"[]]")) == 1001


def test_whole_surrogate_pairs_are_characters() -> None:
    assert parse(rb'["\ud83d\ude00"]') == ["\U0001f600"]


@pytest.mark.parametrize("text", ["[]", '"a"', "1", "null", "true"])
def test_what_is_no_object_is_refused_where_one_is_asked_for(text: str) -> None:
    with pytest.raises(JsonError, match="expected a JSON object"):
        parse_object(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=30,
)


@given(JSON)
def test_what_is_dumped_reads_back(value: Any) -> None:
    assert parse(dump(value)) == value
    assert parse(dump(value, pretty=True)) == value


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        dump(parse(data))
    except JsonError:
        return
