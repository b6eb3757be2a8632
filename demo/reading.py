"""What the story reads out of answers, and how it insists on what it reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from demo import resources
from demo.cast import Journey
from demo.client import Answer, Client
from telerehab import canonical
from telerehab.change import values_at
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import moment, utc

NOTICE, AHEAD = timedelta(days=1), timedelta(days=14)
PATIENCE, BETWEEN = 60.0, 0.25
Found = TypeVar("Found")


class Untrue(Exception):
    """What was read back is not what the story says."""


def require(holds: bool, otherwise: str) -> None:
    """Raises `Untrue` with what is wrong unless it holds."""
    if not holds:
        raise Untrue(otherwise)


def eventually(look: Callable[[], Found | None], what: str) -> Found:
    """What `look` finds, asked again and again for something that time brings about; raises `Untrue`."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not (found := look()):
        require(time.monotonic() < deadline, f"waited too long for {what}")
        pause.wait(BETWEEN)
    return found


def find(journey: Journey, who: Client) -> list[JsonObject]:
    """What the physiotherapist has free from tomorrow on, for two weeks, as proposed Appointments."""
    now = datetime.now(UTC)
    answer = who.call(
        "Appointment/$find",
        {"name": "start", "valueDateTime": utc(now + NOTICE)},
        {"name": "end", "valueDateTime": utc(now + AHEAD)},
        {"name": "practitioner", "valueString": journey.practitioner},
    )
    return [entry["resource"] for entry in answer.content.get("entry", ())]


def only(answer: Answer) -> JsonObject:
    """The one resource of the Bundle that an operation answered."""
    entries = answer.content.get("entry", ())
    require(len(entries) == 1, f"one resource was to be answered, not {len(entries)}")
    resource: JsonObject = entries[0]["resource"]
    return resource


def stored_all(who: Client, references: Iterable[str]) -> dict[str, JsonObject]:
    """Resources by reference, read in one batch."""
    wanted = list(dict.fromkeys(references))
    entries = [{"request": {"method": "GET", "url": reference}} for reference in wanted]
    answer = who.ask("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    return {
        reference: entry.get("resource", {})
        for reference, entry in zip(wanted, answer.content["entry"], strict=True)
    }


def slot_of(journey: Journey, appointment: JsonObject) -> JsonObject:
    """The slot of an appointment or proposal as it is now."""
    return journey.partner.read(appointment["slot"][0]["reference"])


def visit_of(appointment: JsonObject) -> str:
    """The Encounter that the booking names before it is there."""
    visit = canonical.extension_value(appointment, canonical.VISIT_ENCOUNTER) or {}
    require("reference" in visit, "the booking names no visit")
    return str(visit["reference"])


def planned_start(visit: JsonObject) -> datetime | None:
    return moment(canonical.extension_value(visit, canonical.ENCOUNTER_PLANNED_START))


def messages(journey: Journey, profile: str) -> list[JsonObject]:
    """What was told about the patient, of one kind, once what was written was heard of."""
    told = journey.clinic.search("Communication", ("subject", journey.patient), position=journey.position)
    return [one for one in told if canonical.has_profile(one, profile)]


def first_of(references: Iterable[str], type_: str) -> str:
    """The first reference to a resource of the type."""
    return next(reference for reference in references if reference.startswith(f"{type_}/"))


def without_version(version: str) -> str:
    """The reference in a version: "Patient/1" of "Patient/1/_history/2"."""
    return version.partition("/_history/")[0]


def held_until(appointment: JsonObject) -> str:
    return shown(moment(canonical.extension_value(appointment, canonical.HOLD_EXPIRES)))


def when(appointment: JsonObject) -> str:
    """The start of an appointment as the clinic says it."""
    return shown(moment(appointment["start"]))


def shown(time: datetime | None) -> str:
    """A moment in the clinic's time zone."""
    return f"{time.astimezone(ZoneInfo(resources.CLINIC_ZONE)):%a %d %b %H:%M %Z}" if time else "?"


def value_in_words(score: JsonObject) -> str:
    """The value of a score with its bands, or why it has none."""
    if "valueQuantity" not in score:
        return f"none, {score['dataAbsentReason']['coding'][0]['code']}"
    value = Decimal(score["valueQuantity"]["value"]).normalize()
    return "; ".join([f"{value:f}", *values_at(score, "interpretation.coding.display")])


def in_order(found: Iterable[JsonObject]) -> bool:
    """Whether resources come in the order of their lastUpdated."""
    times = [moment(one["meta"]["lastUpdated"]) or datetime.min.replace(tzinfo=UTC) for one in found]
    return times == sorted(times)
