"""The gate of a visit: what must be known before it starts, each time anew, and what of it is still missing.

The facts are in the visit (visit_safety.py), its numbers in clinical/session/gate.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from clinical.visit_gate import visit_gate
from services.session.domain.red_flags import judged
from services.session.domain.visit_safety import (
    CALLBACK,
    CONSENT,
    IDENTITY,
    LOCATION,
    ON_FILE,
    RED_FLAGS,
    consent_on_file,
    counts,
    fact,
    is_number,
    is_written,
    override,
    value,
    values,
)
from telerehab.canonical import VISIT_SAFETY
from telerehab.fhir.json import JsonObject
from telerehab.resource import Resource


@dataclass(frozen=True, slots=True)
class Missing:
    """What lacks of an item, in words, and the element where it belongs (FHIRPath)."""

    item: str
    says: str
    expression: str


def missing(
    encounter: JsonObject, heard: Iterable[Resource], visits: Iterable[Resource], now: datetime
) -> list[Missing]:
    """Everything that keeps the visit from starting; `heard` are the patient's Communications kept here.

    `visits` are the patient's finished ones.
    """
    lacking: list[Missing] = []
    for item, look in _FACTS.items():
        if override(encounter, item, now) is None:
            known, found = fact(encounter, item), list(look(encounter))
            lacking += found
            if not counts(known, now) and (known or not found):
                lacking.append(_not_confirmed(item, known is not None))
    return lacking + list(_red_flags(encounter, heard, visits, now))


def element(item: str, *nested: str) -> str:
    """Where a fact is in the Encounter."""
    path = "".join(f".extension('{name}')" for name in (VISIT_SAFETY, item, *nested))
    return f"Encounter{path}"


def _not_confirmed(item: str, known: bool) -> Missing:
    when = f"in the last {visit_gate().confirmed_minutes} minutes, by a named clinician"
    where = element(item, "at") if known else element(item)
    return Missing(item, f"{_ASKED[item]} must be confirmed for this visit {when}.", where)


def _identity(encounter: JsonObject) -> Iterator[Missing]:
    needed, kinds = visit_gate().identifiers, visit_gate().identifier
    agreed = {one for one in values(fact(encounter, IDENTITY) or {}, "identifier") if isinstance(one, str)}
    count = len(agreed.intersection(kinds))
    if count < needed:
        says = f"{needed} identifiers of the patient must agree ({', '.join(kinds)}); {count} did."
        yield Missing(IDENTITY, says, element(IDENTITY, "identifier"))


def _location(encounter: JsonObject) -> Iterator[Missing]:
    address = value(fact(encounter, LOCATION), "address", dict)
    where = f"{element(LOCATION, 'address')}.value"
    if not any(map(is_written, [*address.get("line", ()), address.get("text")])):
        yield Missing(LOCATION, "The address where the patient is now is not known.", f"{where}.line")
    if not address.get("country"):
        yield Missing(LOCATION, "The country where the patient is now is not known.", f"{where}.country")


def _callback(encounter: JsonObject) -> Iterator[Missing]:
    telecom = value(fact(encounter, CALLBACK), "telecom", dict)
    if telecom.get("system") != "phone" or not is_number(telecom.get("value")):
        says = "A phone number is needed on which the patient can be called back now."
        yield Missing(CALLBACK, says, f"{element(CALLBACK, 'telecom')}.value")


def _consent(encounter: JsonObject) -> Iterator[Missing]:
    if not consent_on_file(encounter).startswith("Consent/"):
        says = "The patient's consent to telehealth on file must be named."
        yield Missing(CONSENT, says, element(ON_FILE))


def _red_flags(
    encounter: JsonObject, heard: Iterable[Resource], visits: Iterable[Resource], now: datetime
) -> Iterator[Missing]:
    known = judged(heard, visits, now)
    decided = override(encounter, RED_FLAGS, now)
    seen = {one.get("reference") for one in values(decided or {}, "known") if isinstance(one, dict)}
    if known.unknown and decided is None:
        yield Missing(RED_FLAGS, known.unknown, element(RED_FLAGS))
    for sign in known.signs:
        if sign.source not in seen:
            yield Missing(RED_FLAGS, sign.says, element(RED_FLAGS))


_FACTS: dict[str, Callable[[JsonObject], Iterator[Missing]]] = {
    IDENTITY: _identity,
    LOCATION: _location,
    CALLBACK: _callback,
    CONSENT: _consent,
}
_ASKED = {
    IDENTITY: "Who the patient is",
    LOCATION: "Where the patient is",
    CALLBACK: "The number to call back",
    CONSENT: "The consent to telehealth",
}
