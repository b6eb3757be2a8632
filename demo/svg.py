"""A series of scores as an SVG picture, for people who see it and for those who hear it read.

Title and description tell all that the picture shows; text stands out from its ground by more than 7 to 1.
https://www.w3.org/TR/WCAG22/#contrast-enhanced https://www.w3.org/TR/svg-aam-1.0/
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from xml.sax.saxutils import escape

from demo.series import Point, Series, dated, scored

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720, 60, 690, 60, 280
LINE_HEIGHT, LETTERS = 20, 88
INK, GROUND, GRID, CURVE = "#1b1b1b", "#ffffff", "#c8c8c8", "#00468b"
TICKS = 5


def picture(series: Series) -> str:
    """The SVG document; a score that is absent breaks the line and is named at the bottom."""
    words = [line for told in series.words for line in textwrap.wrap(told, LETTERS)]
    height = BOTTOM + 60 + LINE_HEIGHT * len(words)
    body = [*_grid(series), *_curve(series), *_points(series), *_words(words)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            ' aria-labelledby="title description" lang="en">',
            f'<title id="title">{escape(series.title)}</title>',
            f'<desc id="description">{escape(_description(series))}</desc>',
            f'<rect width="{WIDTH}" height="{height}" fill="{GROUND}"/>',
            f'<g font-family="sans-serif" font-size="14" fill="{INK}">',
            f'<text x="{LEFT}" y="28" font-size="18">{escape(series.title)}, {series.better} is better</text>',
            *body,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _description(series: Series) -> str:
    told = "; ".join(f"{dated(point)}: {scored(point)}" for point in series.points)
    return f"Scale {series.low} to {series.high}, {series.better} is better. {told}. {' '.join(series.words)}"


def _grid(series: Series) -> Iterator[str]:
    for tick in range(TICKS + 1):
        value = series.low + Decimal(series.high - series.low) * tick / TICKS
        y = _y(series, value)
        yield f'<line x1="{LEFT}" y1="{y}" x2="{RIGHT}" y2="{y}" stroke="{GRID}"/>'
        yield f'<text x="{LEFT - 10}" y="{y + 5}" text-anchor="end">{value.normalize():f}</text>'


def _curve(series: Series) -> Iterator[str]:
    for before, after in pairwise(series.points):
        if before.value is not None and after.value is not None:
            (x1, y1), (x2, y2) = _at(series, before, before.value), _at(series, after, after.value)
            yield f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{CURVE}" stroke-width="2"/>'


def _points(series: Series) -> Iterator[str]:
    for point in series.points:
        x = _x(series, point)
        anchor = "start" if x == LEFT else "end" if x == RIGHT else "middle"
        yield f'<text x="{x}" y="{BOTTOM + 25}" text-anchor="{anchor}">{dated(point)}</text>'
        label = f'text-anchor="{anchor}">{escape(scored(point))}</text>'
        if point.value is None:
            yield f'<text x="{x}" y="{BOTTOM - 6}" {label}'
        else:
            y = _y(series, point.value)
            yield f'<circle cx="{x}" cy="{y}" r="5" fill="{CURVE}"/>'
            yield f'<text x="{x}" y="{y - 12}" {label}'


def _words(words: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(words):
        yield f'<text x="{LEFT}" y="{BOTTOM + 58 + LINE_HEIGHT * number}">{escape(line)}</text>'


def _at(series: Series, point: Point, value: Decimal) -> tuple[float, float]:
    return _x(series, point), _y(series, value)


def _x(series: Series, point: Point) -> float:
    first, last = series.points[0].when, series.points[-1].when
    share = (point.when - first) / (last - first) if last > first else 0.0
    return round(LEFT + (RIGHT - LEFT) * share, 1)


def _y(series: Series, value: Decimal) -> float:
    share = (value - series.low) / (series.high - series.low)
    return round(BOTTOM - (BOTTOM - TOP) * float(share), 1)
