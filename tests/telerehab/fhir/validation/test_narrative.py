"""What a narrative may hold (txt-1, txt-2), and that reading it is safe."""

from __future__ import annotations

import time

import pytest

from telerehab.fhir.validation.narrative import accept_xhtml


def div(inner: str, attributes: str = "") -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml"{attributes}>{inner}</div>'


@pytest.mark.parametrize(
    "text",
    [
        div("a"),
        div(
            '<p class="c" style="color: red">a <b>b</b><br/>&lt;&#160;</p>', ' id="n" lang="en" xml:lang="en"'
        ),
        div('<table border="1"><tr><td colspan="2">x</td></tr></table>'),
        div('<a href="http://example.org/?a=1&amp;b=2">x</a> <a name="here">y</a>'),
        div('<img src="data:image/png;base64,AAAA" alt=""/>'),
        div("<!-- note -->a"),
        div("<![CDATA[a]]>"),
    ],
)
def test_accepted(text: str) -> None:
    assert accept_xhtml(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (div(""), "invariant"),
        (div(" <p>\n</p> "), "invariant"),
        (div("<script>a</script>"), "invariant"),
        (div("a<iframe/>"), "invariant"),
        (div("a<form/>"), "invariant"),
        (div('<p onclick="x">a</p>'), "invariant"),
        (div('<p href="x">a</p>'), "invariant"),
        (div('<a href="javascript:alert(1)">a</a>'), "invariant"),
        (div('<a href=" java&#10;script:alert(1)">a</a>'), "invariant"),
        (div('<a href="data:text/html,x">a</a>'), "invariant"),
        (div('<h:p xmlns:h="http://www.w3.org/1999/xhtml">a</h:p>'), "invariant"),
        (div('<p xmlns="http://www.w3.org/2000/svg">a</p>'), "value"),
        ("<div>a</div>", "value"),
        ('<p xmlns="http://www.w3.org/1999/xhtml">a</p>', "value"),
        (div("a") + div("b"), "value"),
        (div("<p>a"), "value"),
        (div("a &nbsp; b"), "value"),
        (div("a\x00"), "value"),
        (div("\ud800"), "value"),
        ("<!DOCTYPE div>" + div("a"), "value"),
        (div("a<?php x?>"), "value"),
        ("", "value"),
        ("a", "value"),
    ],
)
def test_refused(text: str, code: str) -> None:
    fault = accept_xhtml(text)
    assert fault is not None
    assert fault.code == code


def test_entities_are_not_expanded() -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE div [<!ENTITY e0 "ha">{entities}]>' + div("&e12;")
    started = time.perf_counter()
    assert accept_xhtml(bomb) is not None
    assert accept_xhtml(f'<!DOCTYPE div [<!ENTITY f SYSTEM "file:///etc/hostname">]>{div("&f;")}') is not None
    assert time.perf_counter() - started < 1
