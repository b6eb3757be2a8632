"""A change, what a rule says about it, and the paths by which it names what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from telerehab.change import Change, Refuse, Rule, Verdict, rule, values_at
from telerehab.resource import Resource
from tests.telerehab.basics import basic

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
BEFORE, AFTER = Resource.of(basic("x", "before")), Resource.of(basic("x", "after"))


def test_a_change_is_about_the_newest_form() -> None:
    assert Change(BEFORE, AFTER, NOW).subject is AFTER
    assert Change(None, AFTER, NOW).content["code"]["text"] == "after"
    assert Change(BEFORE, None, NOW).content["code"]["text"] == "before"
    assert Change(BEFORE, None, NOW).type == "Basic"


@pytest.mark.parametrize(
    ("before", "after", "became"),
    [
        (BEFORE, AFTER, {"text": "after"}),
        (None, AFTER, {"text": "after"}),
        (AFTER, AFTER, None),
        (BEFORE, None, None),
    ],
    ids=["altered", "set", "the same", "deleted"],
)
def test_what_an_element_became(before: Resource | None, after: Resource | None, became: Any) -> None:
    assert Change(before, after, NOW).became("code") == became


def test_a_rule_is_named_by_its_sentence_and_concerns_what_it_says() -> None:
    @rule("Basic", "Slot", find={"about": "Basic.subject"}, when=lambda change: change.before is None)
    def only_new_ones(change: Change) -> Iterator[Verdict]:
        yield from ()

    assert (only_new_ones.name, only_new_ones.types) == ("only_new_ones", ("Basic", "Slot"))
    assert only_new_ones.find == {"about": "Basic.subject"}
    assert only_new_ones.concerns(Change(None, AFTER, NOW))
    assert not only_new_ones.concerns(Change(BEFORE, AFTER, NOW))
    assert Rule("any", ("*",), only_new_ones.judge).concerns(Change(BEFORE, None, NOW))


def test_a_refusal_is_an_error_that_says_what_and_where() -> None:
    error = Refuse("No.", "Basic.code", code="conflict", status=409).error()
    assert (error.status, error.issues[0].code, error.issues[0].expression) == (409, "conflict", "Basic.code")
    assert Refuse("No.").error().status == 422


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("status", ["booked"]),
        ("Appointment.status", ["booked"]),
        ("Slot.status", []),
        ("participant.actor.reference", ["Patient/1", "Patient/2"]),
        ("Appointment.participant.status", ["accepted"]),
        ("participant.period.start", []),
        ("status.nothing", []),
        ("nothing", []),
    ],
)
def test_values_at_a_path(path: str, values: list[str]) -> None:
    appointment = {
        "resourceType": "Appointment",
        "status": "booked",
        "participant": [
            {"actor": {"reference": "Patient/1"}, "status": "accepted"},
            {"actor": {"reference": "Patient/2"}},
            {"period": None},
        ],
    }
    assert values_at(appointment, path) == values
