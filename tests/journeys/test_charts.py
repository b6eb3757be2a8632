"""Charts show what `$trend` said and nothing else, to those who see them and to those who hear them read."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from demo.chart import COLUMNS, drawn
from demo.series import Point, Series, series_of
from demo.svg import GROUND, INK, picture
from demo.telling import Telling

SVG = "{http://www.w3.org/2000/svg}"
FIRST = datetime(2026, 3, 2, 12, tzinfo=UTC)
READABLE = 7
"""The contrast that WCAG asks for at level AAA."""


def series(*values: int | None, meaningful: tuple[str, ...] = (), responder: bool | None = False) -> Series:
    points = [
        Point(FIRST + timedelta(days=7 * week), None if value is None else Decimal(value), "asked-unknown")
        for week, value in enumerate(values)
    ]
    return Series(
        "Pain <now>", 0, 10, "lower", points, Decimal(-1), ("2 points: noise.",), meaningful, responder
    )


def test_a_terminal_shows_each_answer_at_its_place() -> None:
    rows = drawn(series(0, 10, None))[2:]
    assert [row.index("●") - row.index("·") for row in rows[1:2]] == [COLUMNS - 1]
    assert rows[0].startswith("02 Mar  ●·")
    assert "●" not in rows[2]
    assert rows[2].endswith("no score (asked-unknown)")


def test_a_picture_draws_no_score_that_there_is_not() -> None:
    drawing = ElementTree.fromstring(picture(series(6, None, 4, 3)))
    assert len(drawing.findall(f".//{SVG}circle")) == 3
    curve = [one for one in drawing.iter(f"{SVG}line") if "stroke-width" in one.attrib]
    assert len(curve) == 1, "the line breaks where a score is absent"
    assert "no score (asked-unknown)" in [one.text for one in drawing.iter(f"{SVG}text")]


def test_noise_and_what_matters_are_told_apart() -> None:
    words = series(6, 3, meaningful=("30%: matters.",), responder=True).words
    assert [("noise" in line, "matters." in line) for line in words] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    assert series(6, 5, responder=None).words[2] == "Matters to patients (MCID): not known."


def test_a_picture_can_be_heard() -> None:
    drawing = ElementTree.fromstring(picture(series(6, 3)))
    named = {one.get("id"): one.text or "" for one in drawing if one.tag in (f"{SVG}title", f"{SVG}desc")}
    assert drawing.get("role") == "img"
    assert str(drawing.get("aria-labelledby")).split() == list(named)
    assert named["title"] == "Pain <now>"
    assert "02 Mar: 6; 09 Mar: 3" in named["description"]
    assert "noise" in named["description"]


def test_text_stands_out_from_its_ground() -> None:
    assert (luminance(GROUND) + 0.05) / (luminance(INK) + 0.05) >= READABLE


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_series_of_one_score_has_no_change() -> None:
    value = {"value": 6}
    point = {
        "name": "point",
        "part": [
            {"name": "effective", "valueDateTime": "2026-03-02T12:00:00Z"},
            {"name": "value", "valueQuantity": value},
        ],
    }
    stated = {"name": "series", "part": [{"name": "better", "valueCode": "lower"}, point]}
    bounds = [
        {"url": f"http://hl7.org/fhir/StructureDefinition/{name}", "valueInteger": value}
        for name, value in (("minValue", 0), ("maxValue", 10))
    ]
    known = series_of(stated, {"title": "Pain", "item": [{"linkId": "a", "extension": bounds}]})
    assert known.words == ["There is no change to tell yet."]
    assert ElementTree.fromstring(picture(known)).find(f".//{SVG}circle") is not None


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "no_colour", "coloured"),
    [(Terminal, "", True), (Terminal, "1", False), (io.StringIO, "", False)],
    ids=["terminal", "NO_COLOR", "file"],
)
def test_only_a_terminal_has_colour_and_not_against_its_wish(
    stream: type[io.StringIO], no_colour: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    out = stream()
    Telling(out).title("A story", "http://127.0.0.1")
    assert ("\x1b[" in out.getvalue()) is coloured
