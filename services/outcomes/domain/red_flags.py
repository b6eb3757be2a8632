"""Red flags: which answers of a screening raise which level of concern, as clinical/red-flags/ states it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from clinical.red_flags import not_understood, screenings
from services.outcomes.domain.alert import Sign, gravest, level
from services.outcomes.domain.answers import Answers, answers, questionnaire
from services.outcomes.domain.questionnaires import RED_FLAGS, canonical
from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject

RED_FLAG = f"{BASE}/CodeSystem/red-flag"
QUESTIONNAIRE = canonical(RED_FLAGS)
"""The canonical URL of a screening, without its region."""
UNKNOWN = "unknown"
"""What a screening is called whose Questionnaire names no region."""


@cache
def screening(name: str) -> Mapping[str, Sign] | None:
    """The danger signs of one screening ("hip") by linkId, None if there is no such screening."""
    stated = screenings().get(name)
    if stated is None:
        return None
    return {
        item.link_id: Sign(RED_FLAG, f"{name}.{item.link_id}", item.text, item.suspects, level(item.level))
        for item in stated.item
    }


def screening_id(response: JsonObject) -> str:
    """Which screening ("hip") a QuestionnaireResponse answers, in whatever version; empty if none.

    A name like that of a screening of ours is one, also if there is none of it: it is not understood, not ignored.
    """
    name = questionnaire(response)[0].casefold()
    stem = RED_FLAGS.removesuffix("-")
    return name.removeprefix(stem).removeprefix("-") or UNKNOWN if name.startswith(stem) else ""


def is_complete(response: JsonObject) -> bool:
    """Whether every question of the screening has an answer, and only yes or no; never of one that is not known."""
    flags = screening(screening_id(response))
    answered = {
        link_id
        for link_id, said in answers(response).items()
        if all(isinstance(answer.get("valueBoolean"), bool) for answer in said)
    }
    return flags is not None and answered.issuperset(flags)


def raised(response: JsonObject) -> list[Sign]:
    """The danger signs that a QuestionnaireResponse shows, the gravest first; empty if it is no screening of ours.

    "Yes" is a danger sign. An answer that is neither yes nor no is taken as one, and so is a yes to a question that
    the screening does not have (another version's), and any answer to a screening that is not known here: when
    unsure, a human looks.
    """
    name = screening_id(response)
    if not name or response.get("status") == "entered-in-error":
        return []
    flags, given = screening(name), answers(response)
    if flags is None:
        return _not_understood(name, given)
    shown = {flags.get(link_id) or _unknown_question(name) for link_id in given if _is_not_no(given, link_id)}
    return sorted(shown, key=lambda flag: (flag.level.rank, flag.code))


def _is_not_no(given: Answers, link_id: str) -> bool:
    return any(answer.get("valueBoolean") is not False for answer in given[link_id])


def _not_understood(name: str, given: Answers) -> list[Sign]:
    """One sign for all of it, graver once anything but a plain no is among the answers."""
    if not given:
        return []
    stated = not_understood()
    if any(_is_not_no(given, link_id) for link_id in given):
        return [Sign(RED_FLAG, f"{name}.not-understood", stated.text, "not known", level(stated.not_no))]
    return [Sign(RED_FLAG, f"{name}.not-understood-no", stated.text, "not known", level(stated.all_no))]


def _unknown_question(name: str) -> Sign:
    told = "A question that this version of the screening does not have was not answered with no."
    return Sign(RED_FLAG, f"{name}.unknown-question", told, "not known", gravest())
