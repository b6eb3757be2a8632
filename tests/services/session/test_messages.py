"""What session tells and keeps as Communications: valid, by code, and with a lifecycle."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fhir.resources.R4B.communication import Communication

from services.session.domain.messages import (
    about,
    acknowledged,
    alert_reminder,
    heard_pain,
    pain,
    programme_message,
)
from services.session.lifecycles import alert_message, heard_screening
from services.session.lifecycles import alert_reminder as reminder_lifecycle
from services.session.lifecycles import heard_pain as pain_lifecycle
from services.session.lifecycles import programme_message as programme_lifecycle
from services.session.rules.what_was_heard_is_nobodys_to_write import what_was_heard_is_nobodys_to_write
from telerehab.change import Change
from telerehab.fhir import json
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from telerehab.lifecycle import Lifecycle
from telerehab.resource import Resource
from tests.services.session.visits import NOW, alert, screening

PROGRAMME = programme_message(
    "c1", 3, "p1", status="active", sent=NOW, service_request_ids=["s1"], appointment_ids=["a1"]
)
ALERT, HEARD = alert().content, screening().content
REMINDER = alert_reminder(ALERT, 1, "asap", NOW)
STATUSES = ["preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error",
            "unknown"]  # fmt: skip


PAIN = heard_pain("o1", 1, "p1", score=Decimal("3.5"), told=NOW, heard=NOW)
WITHDRAWN = heard_pain("o1", 2, "p1", score=None, told=None, heard=NOW)


@pytest.mark.parametrize(
    "message",
    [PROGRAMME, ALERT, HEARD, REMINDER, PAIN, WITHDRAWN, acknowledged(ALERT, "Practitioner/d1", NOW)],
)
def test_messages_are_valid(message: JsonObject) -> None:
    assert validate(message) == []
    Communication.model_validate_json(json.dump(message))


def test_no_message_holds_words() -> None:
    for message in (PROGRAMME, ALERT, HEARD, REMINDER):
        assert "text" not in message
        assert all("contentReference" in part for part in message.get("payload", ()))


def test_what_a_message_is_about_has_a_version() -> None:
    assert about(PROGRAMME) == ("CarePlan/c1", 3)
    assert about(HEARD) == ("QuestionnaireResponse/q1", 1)
    assert about(ALERT) == ("DetectedIssue/i1", 0)


def test_a_pain_score_is_read_back_as_it_was_told() -> None:
    assert (pain(PAIN), pain(WITHDRAWN), WITHDRAWN["status"]) == (Decimal("3.5"), None, "entered-in-error")


def test_who_acknowledged_an_alert_has_received_it() -> None:
    once = acknowledged(ALERT, "Practitioner/d1", NOW)
    assert once["status"] == "completed"
    assert once["received"] == "2026-03-03T09:01:00Z"
    assert once["recipient"] == [{"reference": "Practitioner/d1"}]
    assert acknowledged(once, "Practitioner/d1", NOW)["recipient"] == once["recipient"]


@pytest.mark.parametrize(
    ("lifecycle", "message", "allowed"),
    [
        (
            alert_message,
            ALERT,
            {
                (None, "in-progress"),
                ("in-progress", "completed"),
                ("in-progress", "entered-in-error"),
                ("completed", "entered-in-error"),
            },
        ),
        (reminder_lifecycle, REMINDER, {(None, "completed"), ("completed", "entered-in-error")}),
        (
            heard_screening,
            HEARD,
            {
                (None, "completed"),
                (None, "entered-in-error"),
                ("completed", "entered-in-error"),
                ("entered-in-error", "completed"),
            },
        ),
        (
            pain_lifecycle,
            PAIN,
            {
                (None, "completed"),
                (None, "entered-in-error"),
                ("completed", "entered-in-error"),
                ("entered-in-error", "completed"),
            },
        ),
        (
            programme_lifecycle,
            PROGRAMME,
            {
                (None, "in-progress"),
                ("in-progress", "completed"),
                ("in-progress", "stopped"),
                ("in-progress", "entered-in-error"),
                ("stopped", "completed"),
                ("stopped", "entered-in-error"),
                ("completed", "entered-in-error"),
            },
        ),
    ],
    ids=["alert", "reminder", "heard screening", "heard pain", "programme"],
)
def test_impossible_transitions_are_refused(
    lifecycle: Lifecycle, message: JsonObject, allowed: set[tuple[str | None, str]]
) -> None:
    for before in (None, *STATUSES):
        for after in STATUSES:
            change = Change(
                Resource.of({**message, "status": before}) if before else None,
                Resource.of({**message, "status": after}),
                NOW,
            )
            refused = list(lifecycle.as_rule().judge(change))
            assert (not refused) is (before == after or (before, after) in allowed), (before, after)


@pytest.mark.parametrize(
    "message", [ALERT, REMINDER, HEARD, PAIN], ids=["alert", "reminder", "screening", "pain"]
)
def test_what_was_heard_is_written_by_handlers_alone(message: JsonObject) -> None:
    resource = Resource.of(message)
    bare = Resource.of({name: value for name, value in message.items() if name != "meta"})
    for before, after in ((None, resource), (resource, bare), (bare, resource), (resource, None)):
        client, handler = Change(before, after, NOW), Change(before, after, NOW, heard=True)
        assert len(list(what_was_heard_is_nobodys_to_write.judge(client))) == 1
        assert list(what_was_heard_is_nobodys_to_write.judge(handler)) == []
    assert list(what_was_heard_is_nobodys_to_write.judge(Change(None, bare, NOW))) == []
    assert list(what_was_heard_is_nobodys_to_write.judge(Change(None, Resource.of(PROGRAMME), NOW))) == []
