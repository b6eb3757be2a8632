"""The codes by which outcomes names its own things: scores, bands, signs, duties."""

from __future__ import annotations

from telerehab.canonical import BASE
from telerehab.fhir.json import JsonObject

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
SURVEY = {
    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
    "code": "survey",
    "display": "Survey",
}

INSTRUMENT = f"{BASE}/CodeSystem/instrument"
"""Codes are ids of clinical/instruments ("phq-9")."""
SCORE = f"{BASE}/CodeSystem/score"
"""Codes are "<instrument>.<score>" ("psfs.mean"), and what goes with a score ("answered")."""
BAND = f"{BASE}/CodeSystem/score-band"
"""Codes are "<instrument>.<band or cut-off>" ("phq-9.moderate")."""
ANSWER = f"{BASE}/CodeSystem/answer"
"""Codes are "<scale>.<option>" ("frequency.not-at-all")."""
SIDE = f"{BASE}/CodeSystem/side"
REGION = f"{BASE}/CodeSystem/body-region"
BODY_SITE = f"{BASE}/CodeSystem/body-site"
"""Codes are a region, a side, or both: "knee", "left", "left-knee"."""
SAFETY = f"{BASE}/CodeSystem/safety-sign"
"""Codes are "<instrument>.<safety>" and "log.<alarm>"."""
LEVEL = f"{BASE}/CodeSystem/level-of-concern"
"""Codes are the levels of clinical/red-flags/levels.toml."""
TASK = f"{BASE}/CodeSystem/task"


def coded(system: str, code: str, display: str | None = None) -> JsonObject:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}


def has_code(concept: JsonObject | None, system: str, code: str) -> bool:
    """Whether a CodeableConcept holds this coding."""
    codings = (concept or {}).get("coding", ())
    return any(one.get("system") == system and one.get("code") == code for one in codings)
