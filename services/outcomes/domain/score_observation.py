"""A score as an Observation derived from the response: recomputed with it, never edited by hand.

https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from hashlib import sha256

from clinical.instruments import Instrument
from clinical.red_flags import screenings
from services.outcomes.domain.answers import Answers, answers, questionnaire
from services.outcomes.domain.codes import (
    ABSENT,
    BAND,
    BODY_SITE,
    INSTRUMENT,
    LOINC,
    REGION,
    SCORE,
    SIDE,
    SURVEY,
    UCUM,
    coded,
)
from services.outcomes.domain.questionnaires import REGION_ITEM, SIDE_ITEM, SIDES
from services.outcomes.domain.scoring import UNSUPPORTED, Scored, can_score, score
from services.outcomes.domain.whose import named
from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc
from telerehab.identity import derived_id

SCORE_PROFILE = f"{BASE}/StructureDefinition/score"
SERIES = f"{BASE}/StructureDefinition/score-series"
"""Extension (string): scores with the same text may be compared; no series mixes versions, languages or sides."""
ANSWERED = "answered"
NO_SIDE = ("", "neither")
SUBJECTS = ("Patient", "Group", "Device", "Location")


def score_id(response_id: str, instrument: Instrument) -> str:
    """The id of the Observation with the score of a response: the same for each of its versions."""
    return derived_id(
        "Observation", f"QuestionnaireResponse/{response_id}", instrument.id, instrument.score.id
    )


def score_observation(response: JsonObject, instrument: Instrument, now: datetime) -> JsonObject:
    """The Observation for the answers as they are now; without `authored` it is of `now`."""
    given = answers(response)
    version = questionnaire(response)[1] or instrument.version
    scored = score(instrument, given) if can_score(instrument, version) else Scored(None, UNSUPPORTED, 0)
    observation: JsonObject = {
        "resourceType": "Observation",
        "id": score_id(response["id"], instrument),
        "meta": {"profile": [SCORE_PROFILE]},
        "extension": [{"url": SERIES, "valueString": series(instrument, version, response, given)}],
        "status": "amended" if response["status"] == "amended" else "final",
        "category": [{"coding": [SURVEY]}],
        "code": score_code(instrument),
        "effectiveDateTime": response.get("authored") or utc(now),
        **_value(instrument, scored),
        "method": _method(instrument, version),
        "derivedFrom": [{"reference": f"QuestionnaireResponse/{response['id']}"}],
        "component": [_answered(scored)],
    }
    about = {
        "subject": named(response, "subject", SUBJECTS),
        "encounter": named(response, "encounter", ("Encounter",)),
    }
    observation |= {name: reference for name, reference in about.items() if reference}
    site = body_site(given)
    return {**observation, "bodySite": coded(BODY_SITE, site)} if site else observation


def withdrawn(observation: JsonObject) -> JsonObject:
    """The score of a response that was entered in error."""
    return {**observation, "status": "entered-in-error"}


def score_code(instrument: Instrument) -> JsonObject:
    """Observation.code: the instrument's own code for its score, LOINC first where there is one."""
    stated = instrument.score
    own = {"system": SCORE, "code": f"{instrument.id}.{stated.id}", "display": stated.text}
    loinc = [{"system": LOINC, "code": stated.loinc}] if stated.loinc else []
    return {"coding": [*loinc, own], "text": stated.text}


def series(instrument: Instrument, version: str, response: JsonObject, given: Answers) -> str:
    """What must be the same for two scores to be compared: instrument, major version, language, site, activities."""
    parts = [instrument.id, version.partition(".")[0], response.get("language") or instrument.language]
    parts += [body_site(given) or "-", *([_activities(instrument, given)] if instrument.series else [])]
    return "|".join(parts)


def body_site(given: Answers) -> str:
    """The code of region and side: "left-knee", "neck", "left", or empty."""
    region = _code(given, REGION_ITEM, REGION, screenings())
    side = _code(given, SIDE_ITEM, SIDE, SIDES)
    return "-".join(part for part in ("" if side in NO_SIDE else side, region) if part)


def _code(given: Answers, link_id: str, system: str, known: Container[str]) -> str:
    codings = (answer.get("valueCoding", {}) for answer in given.get(link_id, ()))
    codes = (str(one.get("code", "")) for one in codings if one.get("system") == system)
    return next((code for code in codes if code in known), "")


def _activities(instrument: Instrument, given: Answers) -> str:
    """A short hash of what the rated items are about: other activities are another series."""
    rated = [item.names for item in instrument.scored() if item.names and item.link_id in given]
    texts = (answer.get("valueString", "") for name in rated for answer in given.get(name, ()))
    named = sorted(" ".join(str(text).casefold().split()) for text in texts)
    return sha256("\0".join(named).encode()).hexdigest()[:12]


def _value(instrument: Instrument, scored: Scored) -> JsonObject:
    if scored.value is None:
        return {"dataAbsentReason": coded(ABSENT, str(scored.absent))}
    quantity = {"value": scored.value, "system": UCUM, "code": instrument.score.unit}
    named = [(scored.band.id, scored.band.text)] if scored.band else []
    named += [(cutoff.id, cutoff.text) for cutoff in scored.cutoffs]
    interpretation = [coded(BAND, f"{instrument.id}.{id_}", text) for id_, text in named]
    value: JsonObject = {"valueQuantity": quantity}
    return {**value, "interpretation": interpretation} if interpretation else value


def _method(instrument: Instrument, version: str) -> JsonObject:
    """Which instrument in which version, as it was computed."""
    coding = {"system": INSTRUMENT, "version": version, "code": instrument.id, "display": instrument.title}
    return {"coding": [coding], "text": f"{instrument.id}|{version}"}


def _answered(scored: Scored) -> JsonObject:
    return {"code": coded(SCORE, ANSWERED, "Items answered"), "valueInteger": scored.answered}
