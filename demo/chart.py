"""A series of scores in a terminal: a line for each answer, its place on the scale, its value."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from demo.series import Series, dated, scored

COLUMNS = 41


def drawn(series: Series) -> list[str]:
    """The lines; an answer without a score has none drawn, and says why."""
    return [
        f"{series.title} ({series.better} is better)",
        f"{'':<8}{series.low!s:<{COLUMNS - 1}}{series.high}",
        *_rows(series),
    ]


def _rows(series: Series) -> Iterator[str]:
    for point in series.points:
        line = ["·"] * COLUMNS
        if point.value is not None:
            line[_column(series, point.value)] = "●"
        yield f"{dated(point):<8}{''.join(line)}  {scored(point)}"


def _column(series: Series, value: Decimal) -> int:
    return int((value - series.low) / (series.high - series.low) * (COLUMNS - 1) + Decimal("0.5"))
