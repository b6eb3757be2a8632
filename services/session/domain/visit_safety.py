"""What was confirmed before a visit, as the extension `visit-safety` of its Encounter: each item by whom and when.

identity   identifier (code) *, by, at            location   address, by, at
callback   telecom, by, at                        consent    by, at (re-confirmed); consent-on-file: a Consent
override   item, reason, known (what was heard that speaks against it) *, by, at        one for each item
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from clinical.visit_gate import visit_gate
from telerehab.canonical import VISIT_SAFETY, extension_value, extensions, with_extension
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment, utc

IDENTITY, LOCATION, CALLBACK, CONSENT, RED_FLAGS = "identity", "location", "callback", "consent", "red-flags"
ITEMS = (IDENTITY, LOCATION, CALLBACK, CONSENT, RED_FLAGS)
ON_FILE, OVERRIDE = "consent-on-file", "override"
_CLINICIAN = re.compile(r"(Practitioner|PractitionerRole)/[A-Za-z0-9\-.]{1,64}")
_LETTERS = 2
"""So many an override's reason has at least: a full stop is no reason, though a short word in Chinese is."""


def facts(encounter: JsonObject) -> JsonObject:
    """The extension itself; one without any facts where there is none."""
    return next(iter(extensions(encounter, VISIT_SAFETY)), {"url": VISIT_SAFETY})


def fact(encounter: JsonObject, item: str) -> JsonObject | None:
    """What was confirmed of an item, or None."""
    return next(iter(extensions(facts(encounter), item)), None)


def consent_on_file(encounter: JsonObject) -> str:
    """The Consent that is on file ("Consent/1"), or empty."""
    return str(value(facts(encounter), ON_FILE, dict).get("reference", ""))


def values(element: JsonObject, name: str) -> list[Any]:
    """The values of all nested extensions `name`."""
    return [
        value
        for nested in extensions(element, name)
        for key, value in nested.items()
        if key.startswith("value")
    ]


def value(element: JsonObject | None, name: str, kind: type[Any]) -> Any:
    """The value of a nested extension if it is of that JSON kind, else an empty one."""
    found = extension_value(element or {}, name)
    return found if isinstance(found, kind) else kind()


def counts(stamped: JsonObject | None, now: datetime) -> bool:
    """Whether something was confirmed by a named clinician, and not too long ago."""
    at = moment(value(stamped, "at", str))
    recently = at is not None and abs(now - at) <= timedelta(minutes=visit_gate().confirmed_minutes)
    return recently and is_clinician(confirmed_by(stamped))


def confirmed_by(stamped: JsonObject | None) -> str:
    """Who confirmed something ("Practitioner/1"), or empty."""
    return str(value(stamped, "by", dict).get("reference", ""))


def is_clinician(reference: str) -> bool:
    """Whether a reference names somebody who may confirm, known here or not."""
    return _CLINICIAN.fullmatch(reference) is not None


def is_at_work(clinician: JsonObject) -> bool:
    """Whether a Practitioner or PractitionerRole that is known is not marked as inactive."""
    return clinician.get("active", True) is not False


def override(encounter: JsonObject, item: str, now: datetime) -> JsonObject | None:
    """The clinician's decision to go on without an item, if it counts: named, recent, reasoned in code and words."""
    for decided in extensions(facts(encounter), OVERRIDE):
        if (
            value(decided, "item", str) == item
            and counts(decided, now)
            and reasoned(value(decided, "reason", dict))
        ):
            return decided
    return None


def reasoned(reason: JsonObject) -> bool:
    """Whether a reason has one of the stated codes, and words."""
    codes = {coding.get("code") for coding in reason.get("coding", ())}
    letters = sum(map(str.isalpha, str(reason.get("text", ""))))
    return letters >= _LETTERS and not codes.isdisjoint(visit_gate().reason)


def is_written(text: object) -> bool:
    """Whether a line says anything: a letter or a digit."""
    return isinstance(text, str) and any(map(str.isalnum, text))


def is_number(text: object) -> bool:
    """Whether it could be called: it has a digit."""
    return isinstance(text, str) and any(map(str.isdecimal, text))


def stamped(item: str, confirmed: Iterable[JsonObject], by: str, at: datetime) -> JsonObject:
    """An item as confirmed now: what, by whom, when."""
    stamp = [{"url": "by", "valueReference": {"reference": by}}, {"url": "at", "valueDateTime": utc(at)}]
    return {"url": item, "extension": [*confirmed, *stamp]}


def with_facts(encounter: JsonObject, new: Sequence[JsonObject]) -> JsonObject:
    """The visit with these facts in place of what was confirmed of the same items before."""
    replaced = {_which(one) for one in new}
    kept = [one for one in facts(encounter).get("extension", ()) if _which(one) not in replaced]
    return with_extension(encounter, {"url": VISIT_SAFETY, "extension": [*kept, *new]})


def _which(stated: JsonObject) -> tuple[str, str]:
    return str(stated.get("url", "")), value(stated, "item", str)
