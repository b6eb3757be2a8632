"""What the initiator of a visit decides for what follows: the Encounter's id and the join link."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from telerehab.canonical import (
    APPOINTMENT_VIRTUAL_SERVICE,
    BOOKED_VISIT,
    HOLD_EXPIRES,
    VISIT_ENCOUNTER,
    extension_value,
    virtual_service,
    with_extension,
    with_profile,
)
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment
from telerehab.identity import new_id

_ENCOUNTER = re.compile(r"Encounter/([A-Za-z0-9\-.]{1,64})")
_GIVEN_BY_US = frozenset({VISIT_ENCOUNTER, APPOINTMENT_VIRTUAL_SERVICE, HOLD_EXPIRES})


def as_visit(appointment: JsonObject, join_base: str) -> JsonObject:
    """The appointment as a visit booked here: profile, the Encounter to come, the link to join it.

    An appointment that has these keeps them: a moved visit stays the same visit.
    """
    booked = with_profile(appointment, BOOKED_VISIT)
    if extension_value(booked, VISIT_ENCOUNTER) is not None:
        return booked
    encounter = {"url": VISIT_ENCOUNTER, "valueReference": {"reference": f"Encounter/{new_id()}"}}
    link = f"{join_base}/{secrets.token_urlsafe(24)}"
    return with_extension(
        with_extension(booked, encounter), virtual_service(APPOINTMENT_VIRTUAL_SERVICE, link)
    )


def encounter_id(appointment: JsonObject) -> str:
    """The id of the visit's Encounter; empty for an appointment that is no visit of ours."""
    value = extension_value(appointment, VISIT_ENCOUNTER)
    reference = value.get("reference") if isinstance(value, dict) else None
    match = _ENCOUNTER.fullmatch(reference) if isinstance(reference, str) else None
    return match[1] if match else ""


def hold_expires(appointment: JsonObject) -> datetime | None:
    """When the hold on the appointment's time ends, None if it is not held."""
    return moment(extension_value(appointment, HOLD_EXPIRES))


def without_hold(appointment: JsonObject) -> JsonObject:
    """The appointment without the expiry of its hold."""
    return _without(appointment, frozenset({HOLD_EXPIRES}))


def as_given(appointment: JsonObject) -> JsonObject:
    """What a caller wants, without what only the platform gives a visit: its Encounter, its link, its hold."""
    return _without(appointment, _GIVEN_BY_US)


def keeping_ours(appointment: JsonObject, known: JsonObject) -> JsonObject:
    """What a caller wants of a visit that is `known`, with the profile and extensions that the platform gave it."""
    wanted = as_given(appointment)
    ours = [one for one in known.get("extension", ()) if one.get("url") in _GIVEN_BY_US]
    meta = {**known["meta"], **wanted.get("meta", {}), "profile": known["meta"]["profile"]}
    return {**wanted, "meta": meta, "extension": [*wanted.get("extension", ()), *ours]}


def _without(appointment: JsonObject, urls: frozenset[str]) -> JsonObject:
    kept = [extension for extension in appointment.get("extension", ()) if extension.get("url") not in urls]
    rest = {name: value for name, value in appointment.items() if name != "extension"}
    return {**rest, "extension": kept} if kept else rest
