"""Encounter/[id]/$confirm-safety: what must be known before the visit starts, noted by whom and when."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.visit_gate import visit_gate
from services.session.domain.messages import SAFETY_CATEGORIES
from services.session.domain.red_flags import judged
from services.session.domain.visit_safety import (
    CALLBACK,
    CONSENT,
    IDENTITY,
    ITEMS,
    LOCATION,
    ON_FILE,
    OVERRIDE,
    RED_FLAGS,
    is_at_work,
    is_clinician,
    is_number,
    is_written,
    reasoned,
    stamped,
    with_facts,
)
from services.session.operations.moving import visit_of
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError, Issue, bad_request
from telerehab.operation import Parameters, operation
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork


@operation("confirm-safety.json")
async def confirm_safety(parameters: Parameters, work: UnitOfWork) -> Resource:
    """The visit with what was confirmed; complete or not, for its start says what is still missing."""
    encounter = await visit_of(parameters, work)
    if encounter.content["status"] not in ("planned", "arrived"):
        told = "What must be known before a visit starts is confirmed before it starts."
        raise FhirError(422, [Issue("business-rule", told, "Encounter.status")])
    by = await _clinician(parameters, work)
    confirmed = [*_facts(parameters, by, work), *await _overrides(parameters, by, encounter.content, work)]
    if not confirmed:
        raise bad_request("Nothing is confirmed here.", "Parameters", "required")
    return await work.put(with_facts(encounter.content, confirmed))


async def _clinician(parameters: Parameters, work: UnitOfWork) -> str:
    by, where = str(parameters.required("practitioner").get("reference", "")), "Parameters.practitioner"
    if not is_clinician(by):
        told = "Who confirms is a Practitioner or PractitionerRole, like Practitioner/123."
        raise FhirError(422, [Issue("business-rule", told, where)])
    known = await work.elsewhere(by)
    if known is None:
        raise FhirError(422, [Issue("not-found", f"{by} is not known here.", where)])
    if not is_at_work(known.content):
        raise FhirError(422, [Issue("business-rule", f"{by} is no longer active.", where)])
    return by


def _facts(parameters: Parameters, by: str, work: UnitOfWork) -> Iterator[JsonObject]:
    kinds = list(dict.fromkeys(parameters.all("identifier")))
    unknown = [kind for kind in kinds if kind not in visit_gate().identifier]
    if unknown:
        known = ", ".join(visit_gate().identifier)
        raise bad_request(f"An identifier is one of: {known}.", "Parameters.identifier", "code-invalid")
    if kinds:
        agreed = [{"url": "identifier", "valueCode": kind} for kind in kinds]
        yield stamped(IDENTITY, agreed, by, work.now)
    if address := parameters.one("address"):
        lines = [*address.get("line", ()), *filter(None, [address.get("text")])]
        if not all(map(is_written, lines)):
            raise _refused("A line of an address holds letters or digits.", "Parameters.address")
        yield stamped(LOCATION, [{"url": "address", "valueAddress": address}], by, work.now)
    if callback := parameters.one("callback"):
        if not is_number(callback.get("value")):
            raise _refused("A number to call back has digits.", "Parameters.callback")
        yield stamped(CALLBACK, [{"url": "telecom", "valueContactPoint": callback}], by, work.now)
    if consent := parameters.one("consent"):
        yield {"url": ON_FILE, "valueReference": consent}
        yield stamped(CONSENT, [], by, work.now)


def _refused(told: str, where: str) -> FhirError:
    return FhirError(422, [Issue("business-rule", told, where)])


async def _overrides(
    parameters: Parameters, by: str, encounter: JsonObject, work: UnitOfWork
) -> list[JsonObject]:
    overrides = []
    for given in parameters.all("override"):
        item, reason = given.required("item"), given.required("reason")
        if item not in ITEMS:
            told = f"An item is one of: {', '.join(ITEMS)}."
            raise bad_request(told, "Parameters.override.item", "code-invalid")
        if not reasoned(reason):
            told = f"An override needs a reason in words, and a code of: {', '.join(visit_gate().reason)}."
            raise FhirError(422, [Issue("business-rule", told, "Parameters.override.reason")])
        known = await _standing(encounter, work) if item == RED_FLAGS else []
        why = [{"url": "item", "valueCode": item}, {"url": "reason", "valueCodeableConcept": reason}, *known]
        overrides.append(stamped(OVERRIDE, why, by, work.now))
    return overrides


async def _standing(encounter: JsonObject, work: UnitOfWork) -> list[JsonObject]:
    """The danger signs that the clinician decides about; one that comes later is not decided."""
    subject = encounter["subject"]["reference"]
    heard = await work.search(f"Communication?subject={subject}&category={SAFETY_CATEGORIES}")
    signs = judged(heard, (), work.now).signs
    return [{"url": "known", "valueReference": {"reference": sign.source}} for sign in signs]
