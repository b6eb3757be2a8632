"""The book to sign shows everything that is signed, and nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from clinical_book import page, write

from clinical.approvals import digest, state
from clinical.reading import paths, table, text

FILES = list(paths())


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif not isinstance(value, bool):
        yield str(value)


@pytest.mark.parametrize("file", FILES)
def test_a_page_shows_every_value_the_state_the_hash_and_the_file_itself(file: str) -> None:
    html = page(file)
    tables, _, verbatim = html.partition("The file as it is signed")
    shown = unescape(re.sub(r"<[^>]+>", " ", tables))
    assert [value for value in leaves(table(file)) if value not in shown] == []
    assert digest(file) in html
    assert f'class="state {state(file)}"' in html
    assert text(file) in unescape(verbatim)
    assert "Signature" in html


@pytest.mark.parametrize("file", FILES)
def test_a_page_needs_nothing_but_itself(file: str) -> None:
    assert re.findall(r"<(script|link|img|iframe)\b|src=|@import|url\(", page(file)) == []


def test_the_book_has_an_index_that_leads_to_every_page(tmp_path: Path) -> None:
    pages = write(tmp_path / "book")
    linked = re.findall(r'href="([^"]+)"', pages[0].read_text())
    assert sorted(linked) == sorted(path.name for path in pages[1:])
    assert len(pages) == len(FILES) + 1
    assert all(path.is_file() for path in pages)


def test_text_cannot_become_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    harmful = {"id": "x", "title": "<b>x", "version": "1", "case": [{"id": "<script>"}], "note": "a & <i>"}
    monkeypatch.setattr("clinical.reading.table", lambda _: harmful)
    html = page("loads.toml")
    assert "<script>" not in html
    assert "<i>" not in html
