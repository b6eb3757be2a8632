"""The Questionnaires of our instruments and red-flag screenings, made from the clinical data.

https://hl7.org/fhir/R4/questionnaire.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from clinical.approvals import state
from clinical.instruments import Instrument, Item, Option, instruments
from clinical.red_flags import Screening, Sign, crisis_lines, screenings
from services.outcomes.domain.codes import ANSWER, LOINC, REGION, SIDE
from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject

ORDINAL_VALUE = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
MIN_VALUE = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX_VALUE = "http://hl7.org/fhir/StructureDefinition/maxValue"
TELLS = f"{BASE}/StructureDefinition/tells"
"""Extension (string) of an item: what the app shows at once when the answer is a danger sign, before anybody calls."""
CRISIS_LINE = f"{BASE}/StructureDefinition/crisis-line"
"""Extension of an item: `country` (ISO 3166), `text`, `number`: whom to call at once; one for each country known."""
QUESTIONNAIRE = f"{BASE}/Questionnaire/"
RED_FLAGS = "red-flags-"

SIDES = {"left": "Left", "right": "Right", "both": "Both sides", "neither": "Neither side"}
SIDE_ITEM, REGION_ITEM = "side", "region"
"""Asked with every instrument that is about one part of the body; answers of two sides are two series."""


def canonical(name: str) -> str:
    """The canonical URL of an instrument ("phq-9") or a screening ("red-flags-hip")."""
    return f"{QUESTIONNAIRE}{name}"


def questionnaires() -> list[JsonObject]:
    """All of them, each under an id of its name and version."""
    return [
        *(of_instrument(instrument) for instrument in instruments().values()),
        *(of_screening(screening) for screening in screenings().values()),
    ]


@cache
def versions() -> Mapping[str, str]:
    """The version of each Questionnaire, by its name."""
    made = {name: instrument.version for name, instrument in instruments().items()}
    return made | {f"{RED_FLAGS}{name}": screening.version for name, screening in screenings().items()}


def questionnaire_id(name: str) -> str:
    """The id under which the present version of the Questionnaire `name` is stored."""
    return f"{name}-{versions()[name]}"


def of_instrument(instrument: Instrument) -> JsonObject:
    """Its items in their order; what they count is in the ordinalValue of their options."""
    items = [_item(instrument, item) for item in instrument.item]
    made = _questionnaire(instrument.id, instrument, f"instruments/{instrument.id}.toml")
    made |= {"language": instrument.language, "purpose": instrument.purpose}
    made["description"] = instrument.introduction
    made["copyright"] = instrument.licence_text
    if instrument.loinc:
        made["code"] = [{"system": LOINC, "code": instrument.loinc}]
    return {**made, "item": [*_where(instrument), *items]}


def of_screening(screening: Screening) -> JsonObject:
    """A yes or no for every sign."""
    made = _questionnaire(f"{RED_FLAGS}{screening.id}", screening, f"red-flags/{screening.id}.toml")
    return {**made, "language": "en", "item": [_sign(sign) for sign in screening.item]}


def _questionnaire(name: str, stated: Instrument | Screening, file: str) -> JsonObject:
    """A file that nobody has signed as it stands is a draft."""
    return {
        "resourceType": "Questionnaire",
        "id": questionnaire_id(name),
        "url": canonical(name),
        "version": stated.version,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "title": stated.title,
        "status": "active" if state(file) == "approved" else "draft",
        "subjectType": ["Patient"],
    }


def _where(instrument: Instrument) -> list[JsonObject]:
    """For an instrument about one part of the body: which part, and which side of it."""
    if not instrument.sided:
        return []
    regions = {name: name.replace("-", " ").capitalize() for name in screenings()}
    return [
        _choice(REGION_ITEM, "Which part of the body is this about?", REGION, regions),
        _choice(SIDE_ITEM, "Which side is it?", SIDE, SIDES),
    ]


def _choice(link_id: str, text: str, system: str, options: Mapping[str, str]) -> JsonObject:
    answers = [
        {"valueCoding": {"system": system, "code": code, "display": told}} for code, told in options.items()
    ]
    return {"linkId": link_id, "text": text, "type": "choice", "answerOption": answers}


def _item(instrument: Instrument, item: Item) -> JsonObject:
    """Nothing is required: a blank is a matter of scoring, and nobody is kept from sending what is answered."""
    made: dict[str, Any] = {"linkId": item.link_id, "text": item.text}
    made["type"] = "string" if item.type == "text" else item.type
    if item.loinc:
        made["code"] = [{"system": LOINC, "code": item.loinc}]
    if item.scale is not None:
        made["answerOption"] = [_option(item.scale, option) for option in instrument.scale[item.scale]]
    bounds = ((MIN_VALUE, item.min), (MAX_VALUE, item.max))
    more: list[JsonObject] = [
        {"url": url, "valueInteger": bound} for url, bound in bounds if bound is not None
    ]
    if any(safety.item == item.link_id and safety.show == "crisis-lines" for safety in instrument.safety):
        more += _crisis_lines()
    return {"linkId": item.link_id, "extension": more, **made} if more else made


def _crisis_lines() -> list[JsonObject]:
    """What to show whoever is in a crisis: the numbers by country, and what to do where none is known."""
    stated = crisis_lines()
    lines = [
        [
            {"url": "country", "valueCode": country},
            {"url": "text", "valueString": line.text},
            {"url": "number", "valueString": line.number},
        ]
        for country, line in stated.line.items()
    ]
    shown: list[JsonObject] = [{"url": CRISIS_LINE, "extension": parts} for parts in lines]
    return [{"url": TELLS, "valueString": stated.fallback}, *shown]


def _option(scale: str, option: Option) -> JsonObject:
    coding = {"system": ANSWER, "code": f"{scale}.{option.code}", "display": option.text}
    return {"extension": [{"url": ORDINAL_VALUE, "valueDecimal": option.score}], "valueCoding": coding}


def _sign(sign: Sign) -> JsonObject:
    asked: JsonObject = {"linkId": sign.link_id, "text": sign.text, "type": "boolean"}
    if sign.tells:
        asked["extension"] = [{"url": TELLS, "valueString": sign.tells}]
    return asked
