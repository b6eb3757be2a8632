"""A lifecycle refuses every transition that its table does not name, for what is ours."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from telerehab.access import EVERYTHING
from telerehab.change import Change, Refuse
from telerehab.fhir.outcome import FhirError
from telerehab.lifecycle import NOT_THERE, Lifecycle
from telerehab.resource import Resource
from tests.telerehab.basics import new_ids, put
from tests.telerehab.conftest import Serve

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
STATES = ("draft", "active", "retired")
ALLOWED = {(NOT_THERE, "draft"), ("draft", "active"), ("active", "retired"), ("active", "draft")}
LIBRARY = Lifecycle(
    "Library",
    ours=lambda library: library.get("publisher") == "us",
    transitions={
        NOT_THERE: frozenset({"draft"}),
        "draft": frozenset({"active"}),
        "active": frozenset({"retired", "draft"}),
    },
)


def library(status: str | None, *, id_: str = "x", publisher: str = "us") -> Resource:
    stated = {} if status is None else {"status": status}
    return Resource.of(
        {
            "resourceType": "Library",
            "id": id_,
            **stated,
            "type": {"text": "logic"},
            "publisher": publisher,
        }
    )


def refusals(before: Resource | None, after: Resource | None) -> list[Refuse]:
    rule = LIBRARY.as_rule()
    assert (rule.name, rule.types) == ("library_follows_its_lifecycle", ("Library",))
    return [verdict for verdict in rule.judge(Change(before, after, NOW)) if isinstance(verdict, Refuse)]


@pytest.mark.parametrize(("before", "after"), list(product((NOT_THERE, *STATES), STATES)))
def test_what_the_table_names_and_staying_as_it_is_are_all_that_is_allowed(
    before: str | None, after: str
) -> None:
    allowed = before == after or (before, after) in ALLOWED
    assert LIBRARY.allows(before, after) == allowed
    assert (refusals(library(before) if before else None, library(after)) == []) == allowed


def test_a_refusal_says_what_it_may_become() -> None:
    (refused,) = refusals(library("active"), library("unknown"))
    assert refused.expression == "Library.status"
    assert "from active to unknown" in refused.diagnostics
    assert refused.diagnostics.endswith("may become: draft, retired.")
    (refused,) = refusals(library("retired"), library("draft"))
    assert refused.diagnostics.endswith("may become: nothing.")


def test_deletions_and_what_is_not_ours_may_be_in_any_state() -> None:
    assert refusals(library("active"), None) == []
    assert refusals(None, library("retired", publisher="they")) == []
    assert refusals(library("draft", publisher="they"), library("retired", publisher="they")) == []


async def test_a_service_holds_its_lifecycles(serve: Serve) -> None:
    engine = await serve(lifecycles=[LIBRARY])
    (id_,) = new_ids(1)
    with pytest.raises(FhirError) as refused:
        await put(engine, library("active", id_=id_).content)
    assert (refused.value.status, refused.value.issues[0].code) == (422, "business-rule")
    for status in ("draft", "active", "retired"):
        await put(engine, library(status, id_=id_).content)
    with pytest.raises(FhirError):
        await put(engine, library("draft", id_=id_).content)
    now = await engine.store.read("Library", id_, EVERYTHING)
    assert now is not None
    assert (now.version, now.content["status"]) == (3, "retired")
