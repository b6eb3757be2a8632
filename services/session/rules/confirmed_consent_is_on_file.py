"""A consent to telehealth that is confirmed for a visit is on file: it exists, is in force, and is the patient's."""

from __future__ import annotations

from collections.abc import Iterator

from services.session.domain.consent import is_in_force
from services.session.domain.gate import element
from services.session.domain.visit import patient_id
from services.session.domain.visit_safety import CONSENT, ON_FILE, consent_on_file, fact, override
from services.session.lifecycles import is_visit
from services.session.rules.visit_starts_only_safely import starts
from telerehab.change import Change, Refuse, Verdict, rule
from telerehab.fhir.json import JsonObject


def is_asked(change: Change) -> bool:
    """Whether the consent is named or confirmed anew, or the visit starts on it: it may be withdrawn meanwhile.

    Not where a clinician goes on without it; nor for a visit that merely goes on.
    """
    if change.after is None or not is_visit(change.content) or not consent_on_file(change.content):
        return False
    if starts(change) and override(change.content, CONSENT, change.now) is None:
        return True
    before = change.before.content if change.before else {}
    return _confirmed(change.content) != _confirmed(before)


@rule("Encounter", find={"on_file": "Encounter.extension.extension.valueReference"}, when=is_asked)
def confirmed_consent_is_on_file(change: Change) -> Iterator[Verdict]:
    """What it consents to is for the clinician to read: hospitals code it each in their own way."""
    named = consent_on_file(change.content)
    consent = next((one.content for one in change.found["on_file"] if one.reference == named), None)
    where = element(ON_FILE)
    if consent is None or consent["resourceType"] != "Consent":
        yield Refuse("That consent is not known here.", where, "not-found")
        return
    if not is_in_force(consent, change.now):
        yield Refuse("That consent is not in force.", where)
    if consent.get("patient", {}).get("reference") != f"Patient/{patient_id(change.content)}":
        yield Refuse("That consent is not this patient's.", where)


def _confirmed(encounter: JsonObject) -> tuple[str, JsonObject | None]:
    return consent_on_file(encounter), fact(encounter, CONSENT)
