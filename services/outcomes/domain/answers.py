"""The answers of a QuestionnaireResponse by linkId, and what of them one of our instruments understands.

https://hl7.org/fhir/R4/questionnaireresponse.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache

from clinical.instruments import Instrument, Item, instruments
from services.outcomes.domain.codes import ANSWER
from services.outcomes.domain.questionnaires import QUESTIONNAIRE, versions
from telerehab.fhir.json import JsonObject

RELATIVE = "Questionnaire/"
"""A canonical should be absolute; who names our Questionnaire as a reference means it all the same."""
_STORED = re.compile(r"(.+)-(\d+\.\d+\.\d+)")
"""The id under which a version of a Questionnaire of ours is stored: its name and version."""
_RED_FLAGS = re.compile(r"red[^a-z0-9]*flags?")
_SEPARATORS = re.compile(r"[-_\s]+")
SUBMITTED = ("completed", "amended")

Answers = Mapping[str, Sequence[JsonObject]]
"""All answers given to each linkId; one without an answer is not in it."""


class NotUnderstood(ValueError):
    """An answer is outside its scale, of another type, or given twice."""


def questionnaire(response: JsonObject) -> tuple[str, str]:
    """Name ("phq-9", "red-flags-hip") and version ("" if not stated) of the Questionnaire of ours; ("", "") if none.

    Whoever names the resource by the URL it is read from, whatever host we go by there, means ours too; so does who
    spells our name otherwise ("PHQ9", "red_flags_hip", "phq-9/").
    """
    return _named(str(response.get("questionnaire", "")))


@lru_cache(maxsize=1 << 10)  # they are a client's
def _named(canonical: str) -> tuple[str, str]:
    url, _, version = canonical.partition("|")
    url = url.strip().rstrip("/")
    bases = (QUESTIONNAIRE, RELATIVE)
    ours = next((base for base in bases if url.casefold().startswith(base.casefold())), None)
    name = url.rpartition(f"/{RELATIVE}")[2] if ours is None else url[len(ours) :]
    stored = _STORED.fullmatch(name)
    if ours is None and (stored is None or stored[1] not in versions()):
        return "", ""
    return (_spelt(stored[1]), version or stored[2]) if stored else (_spelt(name), version)


def _spelt(name: str) -> str:
    """As we spell the name, if it is one of ours; else that of a screening as such, so that it is not overlooked."""
    folded = name.casefold()
    known = _spellings().get(_SEPARATORS.sub("", folded))
    if known is None and (prefix := _RED_FLAGS.match(folded)):
        return f"red-flags{folded[prefix.end() :]}"
    return known or name


@cache
def _spellings() -> Mapping[str, str]:
    """The names of our Questionnaires by their bare letters and digits."""
    return {_SEPARATORS.sub("", name): name for name in versions()}


def instrument_of(response: JsonObject) -> Instrument | None:
    """The instrument of ours that a response answers, in whatever version."""
    return instruments().get(questionnaire(response)[0])


def answers(response: JsonObject) -> Answers:
    """The answers wherever they are nested; those of an item that occurs twice are joined."""
    given: dict[str, list[JsonObject]] = {}
    for item in _items(response):
        if item.get("answer"):
            given.setdefault(str(item.get("linkId")), []).extend(item["answer"])
    return given


def understood(instrument: Instrument, item: Item, given: Answers) -> Decimal | None:
    """What the answer to `item` counts; None for a blank, `NotUnderstood` for what is no answer of its scale."""
    said = given.get(item.link_id, ())
    if not said:
        return None
    if len(said) > 1:
        raise NotUnderstood(item.link_id)
    counted = _counted(instrument, item, said[0])
    if counted is None:
        raise NotUnderstood(item.link_id)
    return counted


def _counted(instrument: Instrument, item: Item, answer: JsonObject) -> Decimal | None:
    if item.type == "choice":
        return _chosen(instrument, item, answer.get("valueCoding") or {})
    if item.type == "boolean":
        ticked = answer.get("valueBoolean")
        return Decimal(ticked) if isinstance(ticked, bool) else None
    value = answer.get("valueInteger")
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    low, high = item.min, item.max
    return Decimal(value) if (low is None or low <= value) and (high is None or value <= high) else None


def _chosen(instrument: Instrument, item: Item, coding: JsonObject) -> Decimal | None:
    assert item.scale is not None, "a choice has a scale"
    if coding.get("system") != ANSWER:
        return None
    scores = {f"{item.scale}.{option.code}": option.score for option in instrument.scale[item.scale]}
    return scores.get(str(coding.get("code")))


def _items(container: JsonObject) -> Iterator[JsonObject]:
    for item in container.get("item", ()):
        yield item
        yield from _items(item)
        for answer in item.get("answer", ()):
            yield from _items(answer)
