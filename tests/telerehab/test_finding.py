"""What a rule finds, as the work will leave it, and what the commit relies on because of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from telerehab.access import Caller
from telerehab.change import Change, Rule, Verdict
from telerehab.engine import Engine, guarding_parameter
from telerehab.event import Event
from telerehab.finding import local_references
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Guard
from tests.telerehab.basics import CALLER, basic, delete, new_ids, put, stored
from tests.telerehab.conftest import Serve

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
SAME = "Basic?subject={Basic.subject}"


class Looking:
    """A rule that keeps what it found, by the id of what it judged."""

    def __init__(self, find: str, type_: str = "Basic") -> None:
        self.found: dict[str, list[str]] = {}
        self.rule = Rule("looks", (type_,), self._judge, {"it": find})

    def _judge(self, change: Change) -> Iterator[Verdict]:
        self.found[change.subject.id] = [_told(one) for one in change.found["it"]]
        yield from ()


def _told(resource: Resource) -> str:
    return f"{resource.id} {resource.content.get('code', {}).get('text', '')}".strip()


async def planned(engine: Engine, *contents: Mapping[str, Any], **how: Any) -> UnitOfWork:
    """What puts of these come to, not committed."""
    work = UnitOfWork(engine, CALLER, **how)
    for content in contents:
        await work.put(dict(content))
    await work.plan()
    return work


# By path


async def test_it_finds_what_the_new_content_and_the_old_refer_to(serve: Serve) -> None:
    looking = Looking("Basic.subject")
    engine = await serve(looking.rule)
    old, new, gone, judged = new_ids(4)
    await put(engine, basic(old), basic(new), basic(gone), basic(judged, "on", f"Basic/{old}"))
    await delete(engine, gone)
    work = await planned(engine, basic(judged, "on", f"Basic/{new}"))
    assert looking.found[judged] == [f"{new} on", f"{old} on"]
    assert work.relied_on() == [Guard("Basic", new, 1), Guard("Basic", old, 1)]
    work = await planned(engine, basic(judged, "on", f"Basic/{gone}"))
    assert looking.found[judged] == [f"{old} on"]
    assert Guard("Basic", gone, 2) in work.relied_on(), "that it is not there is relied on too"


@pytest.mark.parametrize(("path", "found"), [("Basic.subject:Basic", True), ("Basic.subject:Patient", False)])
async def test_of_one_type_alone_if_the_path_says_so(serve: Serve, path: str, found: bool) -> None:
    looking = Looking(path)
    engine = await serve(looking.rule)
    one, judged = new_ids(2)
    await put(engine, basic(one))
    work = await planned(engine, basic(judged, "on", f"Basic/{one}"))
    assert bool(looking.found[judged]) is found
    assert bool(work.relied_on()) is found, "what is not asked for is not relied on"


async def test_it_finds_what_the_same_work_writes(serve: Serve) -> None:
    looking = Looking("Basic.subject")
    engine = await serve(looking.rule)
    one, other = new_ids(2)
    await put(engine, basic(one, "old"))
    work = await planned(engine, basic(other, "x", f"Basic/{one}"), basic(one, "new", f"Basic/{other}"))
    assert looking.found == {other: [f"{one} new"], one: [f"{other} x"]}
    assert work.relied_on() == []


async def test_what_others_own_is_asked_of_them(serve: Serve) -> None:
    asked: list[str] = []

    class Owner:
        async def read(self, reference: str, caller: Caller) -> Resource | None:
            asked.append(reference)
            type_, _, id_ = reference.partition("/")
            return Resource.of({"resourceType": type_, "id": id_}) if id_ != "gone" else None

    looking = Looking("Basic.subject")
    engine = await serve(looking.rule)
    engine.neighbours = Owner()  # type: ignore[assignment]
    one, other = new_ids(2)
    work = await planned(engine, basic(one, "x", "Slot/theirs"), basic(other, "x", "Slot/gone"))
    assert looking.found == {one: ["theirs"], other: []}
    assert (asked, work.relied_on()) == (["Slot/theirs", "Slot/gone"], [])
    same_bundle = {"Slot/here": Resource.of({"resourceType": "Slot", "id": "here"}), "Slot/theirs": None}
    await planned(engine, basic(one, "x", "Slot/here"), basic(other, "x", "Slot/theirs"), overlay=same_bundle)
    assert looking.found == {one: ["here"], other: []}
    assert len(asked) == 2


async def test_a_handlers_rules_ask_no_neighbour(serve: Serve) -> None:
    looking = Looking("Basic.subject")
    engine = await serve(looking.rule)
    heard = Event("e", b"key", "Slot/1", NOW, ResourceChanged())
    mine, judged = new_ids(2)
    await put(engine, basic(mine))
    await planned(engine, basic(judged, "x", f"Basic/{mine}"), event=heard)
    assert looking.found[judged] == [f"{mine} on"], "it reads what is its own"
    with pytest.raises(AssertionError, match="a handler asks no neighbour"):
        await planned(engine, basic(judged, "x", "Slot/theirs"), event=heard)


def test_only_relative_references_are_local() -> None:
    values = [
        {"reference": "Patient/1"},
        {"reference": "Patient/1/_history/3"},
        {"reference": "#contained"},
        {"reference": "urn:uuid:2f0c9d24-6a4c-4f0e-a53c-000000000000"},
        {"reference": "http://example.org/Patient/2"},
        {"reference": "Patient?identifier=x"},
        {"display": "somebody"},
        "Patient/3",
        5,
    ]
    resource = Resource.of({"resourceType": "Basic", "id": "x", "subject": values})
    before = Resource.of({"resourceType": "Basic", "id": "x", "subject": {"reference": "Patient/0"}})
    change = Change(before, resource, NOW)
    assert local_references(change, "Basic.subject") == [("Patient", "1"), ("Patient", "3"), ("Patient", "0")]


# By search


async def test_a_search_finds_what_the_work_will_leave_but_not_what_is_judged(serve: Serve) -> None:
    looking = Looking(SAME)
    engine = await serve(looking.rule)
    patient, elsewhere, stays, changed, left, deleted, made, joined, judged = new_ids(9)
    for id_ in (stays, changed, left, deleted, judged):
        await put(engine, basic(id_, "old", f"Patient/{patient}"))
    await put(engine, basic(joined, "old", f"Patient/{elsewhere}"))
    work = UnitOfWork(engine, CALLER)
    await work.put(basic(judged, "new", f"Patient/{patient}"))
    await work.put(basic(changed, "new", f"Patient/{patient}"))
    await work.put(basic(left, "new", f"Patient/{elsewhere}"))
    await work.put(basic(joined, "new", f"Patient/{patient}"))
    await work.delete("Basic", deleted)
    work.create(basic(made, "new", f"Patient/{patient}"))
    await work.plan()
    assert sorted(looking.found[judged]) == sorted(
        [f"{stays} old", f"{changed} new", f"{joined} new", f"{made} new"]
    )


async def test_a_search_relies_on_a_counter_for_each_value(serve: Serve) -> None:
    looking = Looking(SAME)
    engine = await serve(looking.rule)
    old, new, judged, other = new_ids(4)
    await put(engine, basic(judged, "on", f"Patient/{old}"), basic(other, "on", f"Patient/{old}"))
    work = await planned(engine, basic(judged, "on", f"Patient/{new}"))
    keys = engine.counted_keys(SAME, [f"Patient/{new}", f"Patient/{old}"])
    assert {key: (counter.expected, counter.bump) for key, counter in work.counters.items()} == {
        keys[0]: (0, False),
        keys[1]: (1, False),
    }
    assert looking.found[judged] == [f"{other} on"], "by the old value too"


async def test_a_search_by_what_is_judged_itself(serve: Serve) -> None:
    looking = Looking("Basic?subject={self}")
    engine = await serve(looking.rule)
    judged, about = new_ids(2)
    await put(engine, basic(judged), basic(about, "on", f"Basic/{judged}"))
    await planned(engine, basic(judged, "off"))
    assert looking.found[judged] == [f"{about} on"]


async def test_without_a_value_there_is_nothing_to_search_by(serve: Serve) -> None:
    looking = Looking(SAME)
    engine = await serve(looking.rule)
    (judged,) = new_ids(1)
    work = await planned(engine, basic(judged))
    assert (looking.found[judged], work.counters) == ([], {})


async def test_several_entries_find_each_its_own(serve: Serve) -> None:
    seen: dict[str, list[str]] = {}

    def judge(change: Change) -> Iterator[Verdict]:
        seen.update({name: [one.id for one in found] for name, found in change.found.items()})
        yield from ()

    engine = await serve(Rule("looks", ("Basic",), judge, {"about": "Basic.subject", "same": SAME}))
    about, same, judged = new_ids(3)
    await put(engine, basic(about), basic(same, "x", f"Basic/{about}"))
    await planned(engine, basic(judged, "x", f"Basic/{about}"))
    assert seen == {"about": [about], "same": [same]}
    assert await stored(engine, judged) is None


def test_a_search_that_no_reference_guards_is_no_rules() -> None:
    assert guarding_parameter(SAME) == ("Basic", "subject")
    for search in ("Basic?code=x", "Basic?code=x&subject={Basic.subject}"):
        with pytest.raises(ValueError, match="starts with the reference"):
            guarding_parameter(search)
