"""The second story: one answer at the intake is a danger sign, and the visit does not take place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from demo import app, resources
from demo.alerts import alert_of, message_of
from demo.beginning import open_clinic, refer
from demo.booking import book, find_and_hold, see_the_visit
from demo.cast import Journey
from demo.client import reference_to
from demo.gate import about_red_flags, confirm_all, refused_start
from demo.intake import SCREENING, WHEN_REFERRED, deadline, due, send
from demo.reading import eventually, messages, require, shown, slot_of
from telerehab import canonical
from telerehab.fhir.json import JsonObject
from telerehab.fhir.when import utc

DANGER_SIGN = "calf-swelling-tender"
ESCALATIONS = f"{canonical.BASE}/StructureDefinition/escalations"
CALLED_OFF = "A danger sign: to be seen by a physician today"


def meet_another(journey: Journey) -> None:
    """Another patient is referred, and books a visit in the same way."""
    patient = journey.hospital.create(resources.patient())
    journey.began = patient["meta"]["lastUpdated"]
    journey.patient = journey.requester = reference_to(patient)
    with journey.tell.quietly():
        for step in (open_clinic, refer, find_and_hold, book, see_the_visit):
            step(journey)
    journey.shows(journey.patient, reference_to(journey.appointment), journey.encounter)


def answer_with_a_danger_sign(journey: Journey) -> None:
    """One calf is swollen and tender, he answers: the alert is there in the commit of the answer."""
    require(len(due(journey, journey.position)) == len(WHEN_REFERRED), "all questionnaires should be due")
    given: dict[str, Any] = {DANGER_SIGN: True}
    answer = reference_to(send(journey, SCREENING, given, app.now()).content)
    journey.partner.read(answer)
    issue, _ = alert_of(journey, answer)
    require(issue["severity"] == "high", "a danger sign should be severe")


def refuse_the_visit(journey: Journey) -> None:
    """He checks in, and all else is confirmed; the visit is refused, and says why."""
    arrived = journey.partner.call(f"{journey.encounter}/$check-in")
    appointment = journey.partner.read(reference_to(journey.appointment), position=arrived.position)
    require(appointment["status"] == "checked-in", "the appointment should be checked in")
    with journey.tell.quietly():
        confirm_all(journey)
    missing = refused_start(journey)
    require(len(missing) == 3 == len(about_red_flags(missing)), "danger signs alone should stop the visit")
    journey.shows(journey.encounter)


def let_it_escalate(journey: Journey) -> None:
    """The deadline may be brought forward, never put off; nobody acts by then, and the alert is told again."""
    task = journey.clinic.read(journey.alert)
    later = {"period": {"end": "2100-01-01T00:00:00Z"}}
    refused = journey.clinic.update({**task, "restriction": later}, expect=422)
    journey.tell.note(f"422 {refused.content['issue'][0]['diagnostics']}")
    at_once = {"period": {"end": utc(datetime.now(UTC))}}
    journey.clinic.update({**task, "restriction": at_once})
    escalated = eventually(lambda: _escalated(journey), "the alert to escalate")
    (reminder,) = eventually(lambda: messages(journey, canonical.ALERT_REMINDER), "the reminder")
    require(reminder["recipient"] == [resources.reference(journey.practitioner)], "nobody is reminded")
    journey.tell.note(f"{escalated['businessStatus']['text']} Now by {shown(deadline(escalated))}.")
    journey.shows(journey.alert, reference_to(reminder))


def call_it_off(journey: Journey) -> None:
    """An alert that somebody has in hand clears no danger sign: still refused, the visit is called off."""
    missing = refused_start(journey)
    require(len(missing) == 2 == len(about_red_flags(missing)), "only the screening should be in the way")
    appointment = journey.partner.read(reference_to(journey.appointment))
    wanted = {**appointment, "status": "cancelled", "cancelationReason": {"text": CALLED_OFF}}
    cancelled = journey.clinic.call("Appointment/$book", {"name": "appointment-resource", "resource": wanted})
    journey.begins_with(cancelled)
    require(slot_of(journey, appointment)["status"] == "free", "its time should be free")
    require(journey.clinic.read(reference_to(appointment))["status"] == "cancelled", "it should be cancelled")
    visit = journey.clinic.read(journey.encounter, position=journey.position)
    require(visit["status"] == "cancelled", "the visit should be cancelled")
    require(due(journey, journey.position) == [], "nothing should be due for a visit that is not held")
    journey.shows(reference_to(appointment), journey.encounter)


def prove_it(journey: Journey) -> None:
    """The record proves it: what was known when, who acted, and that the visit never began."""
    visit = _statuses(journey, journey.encounter)
    task = _statuses(journey, journey.alert)
    message = _statuses(journey, reference_to(message_of(journey)))
    require("in-progress" not in visit and visit[-1] == "cancelled", f"the visit went {visit}")
    require(
        task == ["requested", "requested", "requested", "accepted", "completed"], f"the alert went {task}"
    )
    require(message == ["in-progress", "completed"], f"the message went {message}")
    for name, statuses in (("visit", visit), ("alert", task), ("message", message)):
        journey.tell.note(f"{name:<8} {' → '.join(statuses)}")
    for reference in (journey.encounter, journey.alert):
        journey.tell.link("history", f"{journey.base}/{reference}/_history")


def _statuses(journey: Journey, reference: str) -> Sequence[str]:
    """The status of every version, the oldest first."""
    return [one["status"] for one in journey.hospital.pages(f"{reference}/_history")][::-1]


def _escalated(journey: Journey) -> JsonObject | None:
    task = journey.clinic.read(journey.alert)
    return task if canonical.extension_value(task, ESCALATIONS) else None
