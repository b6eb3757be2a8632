"""A clinician's decision to begin a programme although something speaks against it, as an extension that names it.

known      the DetectedIssue, Condition or Procedure that is decided about: what comes later is not
reason     in words, with a code or without
by, at     who decides, and when
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from services.exercise_prescription.domain.terms import OVERRIDE
from telerehab.canonical import extension_value, extensions
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc


def override(known: str, reason: JsonObject, by: str, at: datetime) -> JsonObject:
    """The extension for one thing that speaks against a programme ("DetectedIssue/1")."""
    parts = [
        {"url": "known", "valueReference": {"reference": known}},
        {"url": "reason", "valueCodeableConcept": reason},
        {"url": "by", "valueReference": {"reference": by}},
        {"url": "at", "valueDateTime": utc(at)},
    ]
    return {"url": OVERRIDE, "extension": parts}


def overridden(content: JsonObject, clinicians: Collection[str]) -> set[str]:
    """What is decided about: each with a reason in words, by one of `clinicians`."""
    return set(_decided(content, clinicians))


def with_overrides(content: JsonObject, new: Collection[JsonObject]) -> JsonObject:
    """`content` with these, in place of earlier ones about the same."""
    about = {_known(one) for one in new}
    listed = content.get("extension", ())
    kept = [one for one in listed if one.get("url") != OVERRIDE or _known(one) not in about]
    return {**content, "extension": [*kept, *new]} if new else content


def is_reasoned(reason: JsonObject) -> bool:
    """Whether it says why in words."""
    return bool(str(reason.get("text", "")).strip())


def _decided(content: JsonObject, clinicians: Collection[str]) -> Iterator[str]:
    for stated in extensions(content, OVERRIDE):
        by = values_at({"by": extension_value(stated, "by")}, "by.reference")
        reason = extension_value(stated, "reason")
        if not isinstance(reason, dict) or not is_reasoned(reason) or not set(by) & set(clinicians):
            continue
        yield _known(stated)


def _known(stated: JsonObject) -> str:
    named = values_at({"known": extension_value(stated, "known")}, "known.reference")
    return str(next(iter(named), ""))
