"""JSON Patch as RFC 6902 has it: each operation, what cannot be done, and what is no patch."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telerehab.fhir import json
from telerehab.fhir.outcome import FhirError
from telerehab.fhir.patch import patch_of
from telerehab.fhir.patch.json_patch import JsonPatch

DOCUMENT: dict[str, Any] = {"a": [1, 2, 3], "o": {"x/y": 1, "m~n": 2}, "n": 1}


def patched(*operations: dict[str, Any], document: dict[str, Any] = DOCUMENT) -> Any:
    return JsonPatch.of(list(operations)).apply(document)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/b", "value": {"c": 1}}, {**DOCUMENT, "b": {"c": 1}}),
        ({"op": "add", "path": "/n", "value": 2}, {**DOCUMENT, "n": 2}),
        ({"op": "add", "path": "/a/1", "value": 9}, {**DOCUMENT, "a": [1, 9, 2, 3]}),
        ({"op": "add", "path": "/a/3", "value": 9}, {**DOCUMENT, "a": [1, 2, 3, 9]}),
        ({"op": "add", "path": "/a/-", "value": [9]}, {**DOCUMENT, "a": [1, 2, 3, [9]]}),
        ({"op": "remove", "path": "/o"}, {"a": [1, 2, 3], "n": 1}),
        ({"op": "remove", "path": "/a/0"}, {**DOCUMENT, "a": [2, 3]}),
        ({"op": "remove", "path": "/o/x~1y"}, {**DOCUMENT, "o": {"m~n": 2}}),
        ({"op": "replace", "path": "/a/2", "value": None}, {**DOCUMENT, "a": [1, 2, None]}),
        ({"op": "replace", "path": "/o/m~0n", "value": 7}, {**DOCUMENT, "o": {"x/y": 1, "m~n": 7}}),
        ({"op": "replace", "path": "", "value": {"z": 1}}, {"z": 1}),
        ({"op": "move", "from": "/a/0", "path": "/a/2"}, {**DOCUMENT, "a": [2, 3, 1]}),
        ({"op": "move", "from": "/n", "path": "/o/n"}, {"a": [1, 2, 3], "o": {**DOCUMENT["o"], "n": 1}}),
        ({"op": "move", "from": "/n", "path": "/n"}, DOCUMENT),
        ({"op": "copy", "from": "/o", "path": "/a/0"}, {**DOCUMENT, "a": [DOCUMENT["o"], 1, 2, 3]}),
        ({"op": "test", "path": "/o", "value": {"m~n": 2, "x/y": 1}}, DOCUMENT),
        ({"op": "test", "path": "/n", "value": 1, "more": "is ignored"}, DOCUMENT),
    ],
)
def test_operation(operation: dict[str, Any], expected: Any) -> None:
    assert patched(operation) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/missing/x", "value": 1},
        {"op": "add", "path": "/a/4", "value": 1},
        {"op": "add", "path": "/a/01", "value": 1},
        {"op": "add", "path": "/n/x", "value": 1},
        {"op": "add", "path": "", "value": [1]},
        {"op": "remove", "path": "/missing"},
        {"op": "remove", "path": "/a/-"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "move", "from": "/o", "path": "/o/x"},
        {"op": "copy", "from": "/a/3", "path": "/n"},
        {"op": "test", "path": "/n", "value": "1"},
        {"op": "test", "path": "/n", "value": True},
        {"op": "test", "path": "/a", "value": [1, 2]},
        {"op": "test", "path": "/missing", "value": None},
    ],
)
def test_what_cannot_be_done_is_422_and_named(operation: dict[str, Any]) -> None:
    with pytest.raises(FhirError) as refused:
        patched({"op": "test", "path": "/n", "value": 1}, operation)
    assert refused.value.status == 422
    assert refused.value.issues[0].expression in ("[1]", None)


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"op": "add"}, None),
        (["add"], "[0]"),
        ([{"op": "merge", "path": "/a"}], "[0].op"),
        ([{"op": ["add"], "path": "/a"}], "[0].op"),
        ([{"op": "remove"}], "[0].path"),
        ([{"op": "remove", "path": "a"}], "[0].path"),
        ([{"op": "remove", "path": "/~2"}], "[0].path"),
        ([{"op": "add", "path": "/a"}], "[0].value"),
        ([{"op": "copy", "path": "/a"}], "[0].from"),
    ],
)
def test_what_is_no_patch_is_400_and_named(document: Any, where: str | None) -> None:
    with pytest.raises(FhirError) as refused:
        JsonPatch.of(document)
    assert (refused.value.status, refused.value.issues[0].expression) == (400, where)


def test_the_document_stays_as_it_was_and_numbers_keep_their_text() -> None:
    document = json.parse_object(b'{"value":72.50,"other":{"deep":[1.0]}}')
    changed = patched(
        {"op": "copy", "from": "/other", "path": "/copy"},
        {"op": "add", "path": "/copy/deep/-", "value": 2},
        {"op": "test", "path": "/copy/deep/0", "value": 1},
        document=document,
    )
    assert json.dump(document) == b'{"value":72.50,"other":{"deep":[1.0]}}'
    assert json.dump(changed) == b'{"value":72.50,"other":{"deep":[1.0]},"copy":{"deep":[1.0,2]}}'


def test_a_patch_that_grows_without_end_is_refused() -> None:
    copies = [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(60)]
    nested = [{"op": "add", "path": "/n" + "/x" * depth, "value": {}} for depth in range(100)]
    for operations in (copies, nested):
        with pytest.raises(FhirError) as refused:
            patched(*operations)
        assert refused.value.status == 422
    with pytest.raises(FhirError) as refused:
        patched(*[{"op": "remove", "path": "/n"}] * 1001)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/xml-patch+xml", b"<diff/>", 415),
        ("application/merge-patch+json", b"{}", 415),
        ("", b"[]", 415),
        ("application/json-patch+json", b"", 400),
        ("application/json-patch+json", b"[", 400),
        ("application/json-patch+json; charset=utf-8", b"{}", 400),
        ("application/fhir+json", b"[]", 400),
    ],
)
def test_a_body_that_is_no_patch(content_type: str, body: bytes, status: int) -> None:
    with pytest.raises(FhirError) as refused:
        patch_of(content_type, body)
    assert refused.value.status == status


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab~/", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("ab~/", max_size=2), values, max_size=4), st.text("ab~/", max_size=3), values)
def test_what_is_added_is_there_and_removing_it_undoes(
    document: dict[str, Any], name: str, value: Any
) -> None:
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    added = {"op": "add", "path": pointer, "value": value}
    tested = {"op": "test", "path": pointer, "value": value}
    assert patched(added, tested, document=document) == {**document, name: value}
    rest = {other: held for other, held in document.items() if other != name}
    assert patched(added, {"op": "remove", "path": pointer}, document=document) == rest


pointers = st.sampled_from(
    ["", "/a", "/a/0", "/a/1", "/a/-", "/a/1/b", "/o", "/o/x~1y", "/o/x~1y/a", "/n", "/~", "a"]
)
operations = st.builds(
    lambda op, path, source, value: {"op": op, "path": path, "from": source, "value": value},
    st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
    pointers,
    pointers,
    values,
)


@settings(deadline=None, max_examples=500)
@given(st.lists(operations, min_size=1, max_size=6))
def test_any_patch_is_applied_or_refused(listed: list[dict[str, Any]]) -> None:
    before = json.dump(DOCUMENT)
    with suppress(FhirError):
        assert isinstance(patched(*listed), dict)
    assert json.dump(DOCUMENT) == before
