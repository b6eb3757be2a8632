"""The YAML that our deployment files keep to, and what is refused rather than misread."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.plain_yaml import NotPlain, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: b\nc: 7\nd: true", {"a": "b", "c": 7, "d": True}),
        ("a:\n  b:\n    c: d\n  e: f", {"a": {"b": {"c": "d"}, "e": "f"}}),
        ("a:\n  - b\n  - c d", {"a": ["b", "c d"]}),
        ("a:\n  - b: c\n    d: e\n  - b: f", {"a": [{"b": "c", "d": "e"}, {"b": "f"}]}),
        ('a: ["b", "c"]', {"a": ["b", "c"]}),
        ('# said\na: "no"\n\n  # said\nb: x#y', {"a": "no", "b": "x#y"}),
        ("a: ${B:-1.2.3.4:80}:80", {"a": "${B:-1.2.3.4:80}:80"}),
        ("a: &a\n  b: c\n  d: e\nf:\n  <<: *a\n  d: g\nh: *a",
         {"a": {"b": "c", "d": "e"}, "f": {"b": "c", "d": "g"}, "h": {"b": "c", "d": "e"}}),
        ("a: 0.0.0.0\nb: 15s", {"a": "0.0.0.0", "b": "15s"}),
    ],
)  # fmt: skip
def test_reads_what_yaml_says(text: str, value: dict[str, Any]) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "a: no",
        "a: 010",
        "a: 1.5",
        "a: 10:30",
        "a: null",
        "a: b # said",
        "a: {b: c}",
        "a: [b]",
        "a: 'b'",
        "a: |\n  b",
        "a: *b",
        "a: b: c",
        "a: b\na: c",
        "a:\n    b: c\n  d: e",
        "a:",
        "\ta: b",
        "- a",
        "a b",
    ],
)
def test_refuses_what_it_would_misread(text: str) -> None:
    with pytest.raises(NotPlain):
        read(text)
