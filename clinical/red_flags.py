"""Red flags: the danger signs asked about before physiotherapy, from clinical/red-flags/ and clinical/screening/."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import TypeAdapter

from clinical.reading import names, read, stated, table

LEVELS = "red-flags/levels.toml"


@stated
class Level:
    """What a level of concern asks of the clinic: DetectedIssue.severity, Task.priority and the deadline."""

    severity: Literal["high", "moderate", "low"]
    priority: Literal["stat", "asap", "urgent", "routine"]
    due_minutes: int


@stated
class Sign:
    """A yes/no question; "yes", and any answer that is not a plain "no", is a danger sign of `level`.

    `tells`: what the patient is told at once; `ask_again`: linkIds to be asked again in person.
    """

    link_id: str
    text: str
    suspects: str
    level: str
    source: str
    tells: str | None = None
    ask_again: tuple[str, ...] = ()


@stated
class ExpectedScreening:
    """`raised`: linkIds, gravest first, then by linkId; `level`: the gravest; `clear`: every answer is a plain no."""

    clear: bool
    raised: tuple[str, ...] = ()
    level: str | None = None
    unanswered: tuple[str, ...] = ()


@stated
class ScreeningCase:
    """Worked case: linkIds answered `yes`, neither yes nor no (`unsure`) or not at all (`blank`); all others no."""

    id: str
    expect: ExpectedScreening
    yes: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


@stated
class Screening:
    """The questions of one region."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    item: tuple[Sign, ...]
    case: tuple[ScreeningCase, ...]


@stated
class Occasion:
    """When a screening has to be repeated."""

    id: str
    text: str
    kind: Literal["initial", "pain-rise", "symptom", "visits", "days"]
    source: str
    at_least: int | None = None


@stated
class RescreeningCase:
    """Worked case: visits and days since the last complete screening (both absent: none yet), and what is new."""

    id: str
    due: tuple[str, ...]
    visits: int | None = None
    days: int | None = None
    pain_rise: int = 0
    symptoms: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


@stated
class Rescreening:
    """When screenings are repeated; an occasion of kind "symptom" is any of `symptoms` (ids of alarms.toml).

    One of kind "pain-rise" is a rise of the score of `pain_instrument`, or any of `flare_alarms` (alarms.toml).
    """

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    symptoms: tuple[str, ...]
    pain_instrument: str
    flare_alarms: tuple[str, ...]
    occasion: tuple[Occasion, ...]
    case: tuple[RescreeningCase, ...]


@stated
class NotUnderstoodCase:
    """Worked case: how many questions are answered yes, `unsure` (neither yes nor no) and no; the level raised."""

    id: str
    yes: int = 0
    unsure: int = 0
    no: int = 0
    level: str | None = None


@stated
class NotUnderstood:
    """Levels for answers to a screening that is not known: with one that is `not_no`, and with plain noes alone."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    not_no: str
    all_no: str
    text: str
    source: str
    case: tuple[NotUnderstoodCase, ...]


@cache
def not_understood() -> NotUnderstood:
    """What answers to an unknown screening raise."""
    return read(NotUnderstood, "screening/not-understood.toml")


@cache
def screenings() -> Mapping[str, Screening]:
    """Every screening by its id ("low-back")."""
    ids = (name for name in names("red-flags") if name != "levels")
    return MappingProxyType({name: read(Screening, f"red-flags/{name}.toml") for name in ids})


@cache
def levels() -> Mapping[str, Level]:
    """The levels of concern by name, the gravest first."""
    return MappingProxyType(TypeAdapter(dict[str, Level]).validate_python(table(LEVELS)))


@cache
def rescreening() -> Rescreening:
    """When a screening is due again."""
    return read(Rescreening, "screening/rescreening.toml")


@stated
class CrisisLine:
    """A number to call in a crisis."""

    text: str
    number: str


@stated
class CrisisLines:
    """Crisis lines by ISO 3166 country; `fallback` is shown where there is none."""

    id: str
    title: str
    version: str
    sources: tuple[str, ...]
    fallback: str
    line: Mapping[str, CrisisLine]


@cache
def crisis_lines() -> CrisisLines:
    """The crisis lines to show."""
    return read(CrisisLines, "screening/crisis-lines.toml")
