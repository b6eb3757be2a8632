"""Red flags: which answers of a screening raise which level of concern, as clinical/red-flags/ states it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from clinical.red_flags import screenings
from services.outcomes.domain.alert import Sign, gravest, level
from services.outcomes.domain.answers import answers, questionnaire
from services.outcomes.domain.questionnaires import RED_FLAGS, canonical
from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject

RED_FLAG = f"{BASE}/CodeSystem/red-flag"
QUESTIONNAIRE = canonical(RED_FLAGS)
"""The canonical URL of a screening, without its region."""


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
    """Which screening of ours ("hip") a QuestionnaireResponse answers, in whatever version; empty if none."""
    name = questionnaire(response)[0]
    region = name.removeprefix(RED_FLAGS)
    return region if name.startswith(RED_FLAGS) and region in screenings() else ""


def is_complete(response: JsonObject) -> bool:
    """Whether every question of the screening has an answer, and only yes or no."""
    answered = {
        link_id
        for link_id, said in answers(response).items()
        if all(isinstance(answer.get("valueBoolean"), bool) for answer in said)
    }
    return answered.issuperset(screening(screening_id(response)) or ())


def raised(response: JsonObject) -> list[Sign]:
    """The danger signs that a QuestionnaireResponse shows, the gravest first; empty if it is no screening of ours.

    "Yes" is a danger sign. An answer that is neither yes nor no is taken as one, and so is a yes to a question that
    the screening does not have (another version's): when unsure, a human looks.
    """
    name = screening_id(response)
    flags = screening(name)
    if flags is None or response.get("status") == "entered-in-error":
        return []
    shown = {
        flags.get(link_id) or _unknown_question(name)
        for link_id, said in answers(response).items()
        if any(answer.get("valueBoolean") is not False for answer in said)
    }
    return sorted(shown, key=lambda flag: (flag.level.rank, flag.code))


def _unknown_question(name: str) -> Sign:
    told = "A question that this version of the screening does not have was not answered with no."
    return Sign(RED_FLAG, f"{name}.unknown-question", told, "not known", gravest())
