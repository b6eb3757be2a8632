"""A series of scores as `$trend` answers it, with the scale on which its questions are answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from demo.resources import CLINIC_ZONE
from telerehab.canonical import extension_value
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment

MIN_VALUE = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX_VALUE = "http://hl7.org/fhir/StructureDefinition/maxValue"


@dataclass(frozen=True, slots=True)
class Point:
    """A score; `value` is None where there is none, and then `absent` says why."""

    when: datetime
    value: Decimal | None
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Scores that may be compared; `low` to `high` is the scale of the questions, "lower" or "higher" is better.

    `detectable` and `meaningful` are the thresholds that the change reaches, in words; `responder` is None where no
    meaningful one is known.
    """

    title: str
    low: int
    high: int
    better: str
    points: Sequence[Point]
    change: Decimal | None
    detectable: Sequence[str]
    meaningful: Sequence[str]
    responder: bool | None

    @property
    def words(self) -> Sequence[str]:
        """The change, then each judgement of it in a line of its own."""
        if self.change is None:
            return ["There is no change to tell yet."]
        matters = {True: "yes", False: "no", None: "not known"}[self.responder]
        return [
            f"Change since the first answer: {self.change.normalize():+f} ({self.better} is better).",
            f"More than measurement error (MDC): {' '.join(self.detectable) or 'no threshold reached.'}",
            f"Matters to patients (MCID): {matters}. {' '.join(self.meaningful)}".rstrip(),
        ]


def series_of(stated: JsonObject, questionnaire: JsonObject) -> Series:
    """The series in a parameter of `$trend`'s answer."""
    bounds = list(_bounds(questionnaire))
    return Series(
        str(questionnaire["title"]),
        min(bounds),
        max(bounds),
        str(_value(stated, "better")),
        [_point(part) for part in _parts(stated, "point")],
        _decimal(_value(stated, "change")),
        [str(_value(part, "text")) for part in _parts(stated, "detectable")],
        [str(_value(part, "text")) for part in _parts(stated, "meaningful")],
        _value(stated, "responder"),
    )


def dated(point: Point) -> str:
    """The day of a score, as the clinic says it."""
    return f"{point.when.astimezone(ZoneInfo(CLINIC_ZONE)):%d %b}"


def scored(point: Point) -> str:
    """The value of a score, or why there is none."""
    return f"no score ({point.absent})" if point.value is None else f"{point.value.normalize():f}"


def questionnaire_of(stated: JsonObject) -> tuple[str, str]:
    """URL and version of what was answered last."""
    url, _, version = str(_value(stated, "questionnaire")).partition("|")
    return url, version


def _point(part: JsonObject) -> Point:
    when = moment(_value(part, "effective"))
    assert when is not None
    quantity = _value(part, "value")
    if quantity is None:
        return Point(when, None, str(_value(part, "absent")))
    return Point(when, Decimal(str(quantity["value"])))


def _bounds(questionnaire: JsonObject) -> Iterator[int]:
    for item in questionnaire["item"]:
        for url in (MIN_VALUE, MAX_VALUE):
            bound = extension_value(item, url)
            if bound is not None:
                yield int(bound)


def _parts(stated: JsonObject, name: str) -> list[JsonObject]:
    return [part for part in stated.get("part", ()) if part["name"] == name]


def _value(stated: JsonObject, name: str) -> Any:
    """The value of the first part of that name, None where there is none."""
    values = (
        value for part in _parts(stated, name) for key, value in part.items() if key.startswith("value")
    )
    return next(values, None)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
