"""No visit starts before it is known who and where the patient is, and that no danger sign stands against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.red_flags import rescreening
from clinical.visit_gate import visit_gate
from services.session.domain.gate import element, missing
from services.session.domain.visit import at_status
from services.session.domain.visit_safety import ITEMS, stamped
from services.session.rules.visit_starts_only_safely import visit_starts_only_safely
from services.session.rules.visit_stays_a_visit import visit_stays_a_visit
from telerehab.canonical import VISIT
from telerehab.change import Change, Refuse
from telerehab.fhir.json import JsonObject
from telerehab.fhir.validation import validate
from telerehab.resource import Resource
from tests.services.session.visits import (
    FACTS,
    NOW,
    REASON,
    alert,
    confirmed,
    everything,
    item,
    overridden,
    screening,
    visit,
)

CLEAR = screening()
LONG = timedelta(minutes=visit_gate().confirmed_minutes, seconds=1)


def lacking(encounter: JsonObject, *heard: Resource) -> list[tuple[str, str]]:
    return [(one.item, one.expression) for one in missing(encounter, heard, (), NOW)]


def clear_days() -> int:
    """After how many days a clear screening counts no more."""
    (days,) = (one.at_least for one in rescreening().occasion if one.kind == "days")
    assert days is not None
    return days


def start(
    before: JsonObject, heard: Sequence[Resource] = (), visits: Sequence[Resource] = (), **changed: Any
) -> list[str | None]:
    """The elements for which the start of a visit is refused."""
    after = {**at_status(before, "in-progress", NOW), **changed}
    change = Change(Resource.of(before), Resource.of(after), NOW, {"heard": heard, "visits": visits})
    if not visit_starts_only_safely.concerns(change):
        return []
    return [said.expression for said in visit_starts_only_safely.judge(change) if isinstance(said, Refuse)]


def test_with_everything_confirmed_and_a_clear_screening_it_starts() -> None:
    ready = confirmed(*everything())
    assert validate(ready) == []
    assert start(ready, [CLEAR]) == []


def test_everything_that_is_missing_is_named_at_once() -> None:
    assert {named for named, _ in lacking(visit())} == set(ITEMS)
    assert start(visit()) == [
        element("identity", "identifier"),
        f"{element('location', 'address')}.value.line",
        f"{element('location', 'address')}.value.country",
        f"{element('callback', 'telecom')}.value",
        element("consent-on-file"),
        element("red-flags"),
    ]


@pytest.mark.parametrize("left_out", FACTS)
def test_each_missing_item_is_named_alone(left_out: str) -> None:
    facts = [one for name in FACTS if name != left_out for one in item(name)]
    assert {named for named, _ in lacking(confirmed(*facts), CLEAR)} == {left_out}


@pytest.mark.parametrize(
    ("name", "facts", "where"),
    [
        ("identity", [("identifier", "valueCode", "name")], "identifier"),
        ("identity", [("identifier", "valueCode", "name")] * 2, "identifier"),
        (
            "identity",
            [("identifier", "valueCode", "name"), ("identifier", "valueCode", "shoe-size")],
            "identifier",
        ),
        ("location", [("address", "valueAddress", {"country": "IE"})], "line"),
        ("location", [("address", "valueAddress", {"line": ["1 Quay Street"]})], "country"),
        ("location", [("address", "valueString", "1 Quay Street, Ireland")], "line"),
        (
            "callback",
            [("telecom", "valueContactPoint", {"system": "email", "value": "a@b.example"})],
            "value",
        ),
        ("callback", [("telecom", "valueContactPoint", {"system": "phone"})], "value"),
        ("callback", [("telecom", "valueContactPoint", {"system": "phone", "value": "none"})], "value"),
        ("location", [("address", "valueAddress", {"line": [" ", "-"], "country": "IE"})], "line"),
    ],
)
def test_half_an_item_is_named_where_it_lacks(
    name: str, facts: list[tuple[str, str, Any]], where: str
) -> None:
    stated = stamped(name, [{"url": url, kind: value} for url, kind, value in facts], "Practitioner/d1", NOW)
    others = [one for other in FACTS if other != name for one in item(other)]
    found = lacking(confirmed(*others, stated), CLEAR)
    assert {named for named, _ in found} == {name}
    assert any(where in expression for _, expression in found)


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize(
    "stamp",
    [
        {"at": NOW - LONG},
        {"at": NOW + LONG},
        {"by": "Patient/p1"},
        {"by": "Device/x"},
    ],
    ids=["too long ago", "in time to come", "by the patient", "by a device"],
)
def test_a_confirmation_counts_only_if_recent_and_by_a_clinician(name: str, stamp: dict[str, Any]) -> None:
    facts = [one for other in FACTS for one in item(other, **(stamp if other == name else {}))]
    assert lacking(confirmed(*facts), CLEAR) == [(name, element(name, "at"))]


def test_a_consent_on_file_but_not_confirmed_aloud_is_missing() -> None:
    facts = [one for one in everything() if one["url"] != "consent"]
    assert lacking(confirmed(*facts), CLEAR) == [("consent", element("consent"))]


def test_a_consent_confirmed_aloud_but_not_on_file_is_missing() -> None:
    facts = [one for one in everything() if one["url"] != "consent-on-file"]
    assert lacking(confirmed(*facts), CLEAR) == [("consent", element("consent-on-file"))]


@pytest.mark.parametrize(
    ("heard", "starts"),
    [
        ([], False),
        ([CLEAR], True),
        ([screening(days_ago=clear_days())], False),
        ([screening(days_ago=clear_days() - 0.01)], True),
        ([screening("incomplete")], False),
        ([screening("refer")], False),
        ([screening("urgent")], False),
        ([screening("emergency")], False),
        ([screening("withdrawn")], False),
        ([CLEAR, screening("withdrawn", days_ago=0.5, response="q2")], True),
        ([CLEAR, screening("urgent", days_ago=0.5, response="q2")], False),
        ([CLEAR, screening("incomplete", days_ago=0.5, response="q2")], False),
        ([CLEAR, screening("urgent", days_ago=2, response="q2")], True),
        ([CLEAR, screening("urgent", days_ago=1, response="q2")], False),
        ([CLEAR, screening("urgent", days_ago=2, response="q2", kind="knee")], False),
        ([CLEAR, screening(days_ago=3, response="q2", kind="knee")], True),
        ([CLEAR, alert()], False),
        ([CLEAR, alert(status="completed")], True),
        ([alert(status="completed")], False),
    ],
)
def test_red_flags(heard: list[Resource], starts: bool) -> None:
    ready = confirmed(*everything())
    for order in (heard, heard[::-1]):
        assert (start(ready, order) == []) is starts


def test_a_hospitals_own_message_about_an_alert_is_no_alert_of_ours() -> None:
    theirs = {name: value for name, value in alert().content.items() if name != "meta"}
    assert start(confirmed(*everything()), [CLEAR, Resource.of(theirs)]) == []


@pytest.mark.parametrize("name", [one for one in ITEMS if one != "red-flags"])
def test_a_clinician_may_go_on_without_an_item_with_a_reason(name: str) -> None:
    others = [one for other in FACTS if other != name for one in item(other)]
    assert start(confirmed(*others, overridden(name)), [CLEAR]) == []


def test_a_clinician_may_go_on_without_a_clear_screening() -> None:
    assert start(confirmed(*everything(), overridden("red-flags")), []) == []


@pytest.mark.parametrize(
    "decided",
    [
        overridden("consent"),
        overridden("red-flags", at=NOW - LONG),
        overridden("red-flags", by="Patient/p1"),
        overridden("red-flags", reason={"text": "I know better"}),
        overridden("red-flags", reason={"coding": [{"code": "whim"}], "text": "I know better"}),
        overridden("red-flags", reason={"coding": REASON["coding"]}),
        overridden("red-flags", reason={**REASON, "text": " "}),
    ],
    ids=["another item", "too long ago", "by the patient", "no code", "unknown code", "no words", "blank"],
)
def test_an_override_that_is_none_does_not_open_the_gate(decided: JsonObject) -> None:
    assert start(confirmed(*everything(), decided), []) == [element("red-flags")]


def test_an_override_covers_the_signs_it_names_and_none_that_come_later() -> None:
    sign, late = alert(), alert("i2")
    decided = confirmed(*everything(), overridden("red-flags", [f"{sign.reference}/_history/1"]))
    assert start(decided, [CLEAR, sign]) == []
    assert start(decided, [CLEAR, sign, late]) == [element("red-flags")]
    graver = screening("emergency", version=2)
    decided = confirmed(
        *everything(), overridden("red-flags", [f"{screening('refer').reference}/_history/1"])
    )
    assert start(decided, [screening("refer")]) == []
    assert start(decided, [graver]) == [element("red-flags")], "amended answers are another sign"


@pytest.mark.parametrize("way", ["profile kept", "profile dropped with the same update"])
def test_no_update_goes_round_the_gate(way: str) -> None:
    changed: dict[str, Any] = {} if way == "profile kept" else {"meta": {"profile": ["http://other.example"]}}
    assert start(visit(), [CLEAR], **changed) != []


def test_a_visit_stays_a_visit_of_its_patient() -> None:
    before = Resource.of(visit())
    theirs = Resource.of({**visit(), "meta": {"tag": [{"code": "x"}]}})
    other = Resource.of(visit(patient="p2"))
    more = Resource.of({**visit(), "meta": {"profile": ["http://other.example", f"{VISIT}|1"]}})

    def said(after: Resource | None) -> list[str | None]:
        verdicts = visit_stays_a_visit.judge(Change(before, after, NOW))
        return [one.expression for one in verdicts if isinstance(one, Refuse)]

    assert said(theirs) == ["Encounter.meta.profile"]
    assert said(other) == ["Encounter.subject"]
    assert said(more) == said(before) == said(None) == []


@pytest.mark.parametrize("before", ["in-progress", "onleave"])
def test_a_visit_that_goes_on_is_not_asked_again(before: str) -> None:
    assert start(visit(before), []) == []


def test_a_hospitals_own_encounter_is_never_gated() -> None:
    theirs = {name: value for name, value in visit().items() if name != "meta"}
    assert start(theirs, []) == []


LEVELS = ["clear", "incomplete", "refer", "urgent", "emergency", "withdrawn"]


@given(
    facts=st.lists(st.sampled_from(everything()), unique_by=lambda one: str(one["url"])),
    heard=st.lists(
        st.tuples(st.sampled_from(LEVELS), st.floats(0, 60), st.sampled_from(["hip", "knee"])), max_size=5
    ),
    alerts=st.integers(0, 2),
)
def test_no_visit_starts_until_a_clear_screening_was_heard(
    facts: list[JsonObject], heard: list[tuple[str, float, str]], alerts: int
) -> None:
    known = [
        *(screening(level, ago, kind, f"q{n}") for n, (level, ago, kind) in enumerate(heard)),
        *(alert(f"i{n}") for n in range(alerts)),
    ]
    refused = start(confirmed(*facts), known)
    if refused == []:
        assert len(facts) == len(everything())
        assert alerts == 0
        assert any(level == "clear" and ago < clear_days() for level, ago, _ in heard)
        for kind in {kind for level, _, kind in heard if level != "withdrawn"}:
            latest = min(
                (ago, level == "clear", level)
                for level, ago, k in heard
                if k == kind and level != "withdrawn"
            )
            assert latest[2] == "clear"
    elif len(facts) == len(everything()):
        assert set(refused) == {element("red-flags")}
