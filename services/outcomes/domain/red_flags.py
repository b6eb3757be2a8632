"""Red flags: which answers of a screening raise which level of concern, read from clinical/red-flags/."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject

QUESTIONNAIRE = f"{BASE}/Questionnaire/red-flags-"


@dataclass(frozen=True, slots=True)
class Level:
    """What a level of concern asks for; `rank` 0 is the gravest."""

    name: str
    rank: int
    severity: str
    priority: str
    due_minutes: int


@dataclass(frozen=True, slots=True)
class RedFlag:
    """One question whose answer "yes" is a danger sign."""

    code: str
    text: str
    suspects: str
    level: Level


@cache
def screening(name: str) -> Mapping[str, RedFlag] | None:
    """The red flags of one screening ("hip") by linkId, None if there is no such screening."""
    file = files("clinical") / "red-flags" / f"{name}.toml"
    if name == "levels" or not name.isascii() or "/" in name or not file.is_file():
        return None
    levels = _levels()
    return {
        item["link_id"]: RedFlag(
            f"{name}.{item['link_id']}", item["text"], item["suspects"], levels[item["level"]]
        )
        for item in tomllib.loads(file.read_text())["item"]
    }


def screening_id(response: JsonObject) -> str:
    """Which screening of ours ("hip") a QuestionnaireResponse answers, empty if none."""
    canonical = str(response.get("questionnaire", "")).partition("|")[0]
    name = canonical.removeprefix(QUESTIONNAIRE)
    return name if canonical.startswith(QUESTIONNAIRE) and screening(name) is not None else ""


def is_complete(response: JsonObject) -> bool:
    """Whether every question of the screening has an answer, and only yes or no."""
    answered = {
        item.get("linkId")
        for item in _items(response)
        if _answers(item) and all(isinstance(answer.get("valueBoolean"), bool) for answer in _answers(item))
    }
    return answered.issuperset(screening(screening_id(response)) or ())


def raised(response: JsonObject) -> list[RedFlag]:
    """The danger signs that a QuestionnaireResponse shows, the gravest first; empty if it is no screening of ours.

    "Yes" is a danger sign. An answer that is neither yes nor no is taken as one: when unsure, a human looks.
    """
    flags = screening(screening_id(response))
    if flags is None or response.get("status") == "entered-in-error":
        return []
    shown = {
        item["linkId"]: flags[item["linkId"]]
        for item in _items(response)
        if item.get("linkId") in flags
        and any(answer.get("valueBoolean") is not False for answer in _answers(item))
    }
    return sorted(shown.values(), key=lambda flag: (flag.level.rank, flag.code))


def _items(container: JsonObject) -> Iterator[JsonObject]:
    for item in container.get("item", ()):
        yield item
        yield from _items(item)
        for answer in item.get("answer", ()):
            yield from _items(answer)


def _answers(item: JsonObject) -> list[dict[str, Any]]:
    return list(item.get("answer", ()))


@cache
def _levels() -> dict[str, Level]:
    stated = tomllib.loads((files("clinical") / "red-flags" / "levels.toml").read_text())
    return {name: Level(name, rank, **values) for rank, (name, values) in enumerate(stated.items())}
