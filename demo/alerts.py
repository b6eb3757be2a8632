"""Alerts in the stories: they are there with what raised them, reach who must act, and end with a named human."""

from __future__ import annotations

from datetime import UTC, datetime

from demo import resources
from demo.cast import Journey
from demo.client import reference_to
from demo.intake import deadline
from demo.reading import messages, require, shown
from telerehab import canonical
from telerehab.fhir.json import JsonObject

SEEN_TODAY = "Patient called and seen by a physician the same day."


def alert_of(journey: Journey, source: str) -> tuple[JsonObject, JsonObject]:
    """The DetectedIssue that `source` raised, and the Task with a deadline that asks for somebody."""
    (issue,) = journey.clinic.search("DetectedIssue", ("implicated", source))
    (task,) = journey.clinic.search("Task", ("focus", reference_to(issue)))
    due = deadline(task)
    require(due is not None and due > datetime.now(UTC), "the task should have a deadline to come")
    require(task["status"] == "requested", "nobody should have taken the alert")
    journey.alert = reference_to(task)
    suspected = issue["code"]["coding"][0]["display"]
    journey.tell.note(f"Suspected: {suspected}. Level {issue['detail']} Somebody must act by {shown(due)}.")
    journey.shows(source, reference_to(issue), journey.alert)
    return issue, task


def see_the_alert_arrive(journey: Journey) -> None:
    """The alert reaches the physiotherapist as an urgent message, open until somebody has acknowledged it."""
    message = message_of(journey)
    require(message["status"] == "in-progress", "nobody should have acknowledged the alert")
    require(
        message["recipient"] == [resources.reference(journey.practitioner)],
        "the physiotherapist is not told of the alert",
    )
    journey.shows(reference_to(message))


def acknowledge(journey: Journey) -> None:
    """Without a name nobody can acknowledge it; the physiotherapist does, and the message is closed."""
    task = journey.clinic.read(journey.alert)
    nameless = journey.clinic.update({**task, "status": "accepted"}, expect=422)
    journey.tell.note(f"422 {nameless.content['issue'][0]['diagnostics']}")
    owner = resources.reference(journey.practitioner)
    taken = journey.clinic.update({**task, "status": "accepted", "owner": owner})
    journey.goes_on_with(taken)
    message = message_of(journey)
    require(message["status"] == "completed", "the message should be closed")
    require("received" in message, "the message does not say when it was acknowledged")
    journey.tell.note(f"Acknowledged by {journey.practitioner}.")
    journey.shows(journey.alert, reference_to(message))


def close_alert(journey: Journey) -> None:
    """What was done about the alert is written down, and it is closed."""
    task = journey.clinic.read(journey.alert)
    closed = {**task, "status": "completed", "statusReason": {"text": SEEN_TODAY}}
    journey.clinic.update(closed)
    journey.shows(journey.alert)


def message_of(journey: Journey) -> JsonObject:
    """The message about the alert, once the last write was heard of."""
    (message,) = (
        one
        for one in messages(journey, canonical.ALERT_MESSAGE)
        if resources.reference(journey.alert) in one["about"]
    )
    return message
