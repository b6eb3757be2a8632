"""Rules over what a unit of work plans: what they refuse, write further and announce."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from telerehab.access import EVERYTHING, Caller
from telerehab.change import Change, Emit, Keep, Refuse, Verdict, Write, rule
from telerehab.event import Event
from telerehab.fhir.outcome import FhirError
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork
from tests.telerehab.basics import CALLER, announced, basic, delete, new_ids, put, said, stored, text_of
from tests.telerehab.conftest import Serve


@rule("Basic", when=lambda change: text_of(change.after) == "bad")
def nothing_bad(change: Change) -> Iterator[Verdict]:
    yield Refuse("Not good.", "Basic.code", code="conflict", status=409)
    yield Refuse("Not nice.", "Basic.subject")


@rule("Basic", when=lambda change: text_of(change.after) == "raw")
def raw_is_cooked(change: Change) -> Iterator[Verdict]:
    yield Write({**change.content, "code": {"text": "cooked"}})
    yield Emit(announced("seen raw"))


@rule("Basic", when=lambda change: change.after is not None)
def text_is_announced(change: Change) -> Iterator[Verdict]:
    yield Emit(announced(change.content["code"]["text"]))


@rule("Basic", find={"about": "Basic.subject"}, when=lambda change: change.after is not None)
def what_it_is_about_is_counted_up(change: Change) -> Iterator[Verdict]:
    for one in change.found["about"]:
        yield Write({**one.content, "code": {"text": f"{int(one.content['code']['text']) + 1}"}})


@rule("Basic", when=lambda change: text_of(change.after) == "first")
def first_makes_a_second(change: Change) -> Iterator[Verdict]:
    yield Write(basic(f"{change.subject.id}-2", "second"))


@rule("Basic", when=lambda change: text_of(change.after) == "second")
def second_makes_a_third(change: Change) -> Iterator[Verdict]:
    yield Write(basic(change.subject.id.replace("-2", "-3"), "third"))


@rule("Basic", when=lambda change: text_of(change.after) == "third")
def no_third(change: Change) -> Iterator[Verdict]:
    yield Refuse("No third.", "Basic.code")


@rule("Basic")
def whom_it_is_about_is_kept(change: Change) -> Iterator[Verdict]:
    yield Keep("about", change.subject.id, [{"text": text_of(change.after)}])


async def test_what_a_rule_keeps_is_of_the_last_form_it_has_judged(serve: Serve) -> None:
    engine = await serve(whom_it_is_about_is_kept, raw_is_cooked)
    (id_,) = new_ids(1)
    work = UnitOfWork(engine, CALLER)
    await work.put(basic(id_, "raw"))
    await work.plan()
    assert work.kept == {"about": {id_: [{"text": "cooked"}]}}


async def test_a_refusal_has_its_status_and_all_its_issues(serve: Serve) -> None:
    engine = await serve(nothing_bad)
    (id_,) = new_ids(1)
    with pytest.raises(FhirError) as refused:
        await put(engine, basic(id_, "bad"))
    assert refused.value.status == 409
    assert [(issue.code, issue.expression) for issue in refused.value.issues] == [
        ("conflict", "Basic.code"),
        ("business-rule", "Basic.subject"),
    ]
    assert await stored(engine, id_) is None


async def test_a_refusal_is_located_at_its_entry_and_refuses_the_whole(serve: Serve) -> None:
    engine = await serve(text_is_announced, nothing_bad)
    ids = new_ids(3)
    texts = ["good", "bad", "good"]
    with pytest.raises(FhirError) as refused:
        await put(engine, *(basic(id_, text) for id_, text in zip(ids, texts, strict=True)))
    wheres = [issue.expression for issue in refused.value.issues]
    assert wheres == ["Bundle.entry[1].Basic.code", "Bundle.entry[1].Basic.subject"]
    for id_ in ids:
        assert await stored(engine, id_) is None
        assert await said(engine, id_) == [], "an event is known only with the commit"


async def test_a_rule_is_asked_only_about_its_types_and_when_it_says(serve: Serve) -> None:
    engine = await serve(nothing_bad)
    (id_,) = new_ids(1)
    await put(engine, basic(id_, "good"))
    await put(engine, {"resourceType": "Library", "id": id_, "status": "draft", "type": {"text": "bad"}})
    assert text_of(await stored(engine, id_)) == "good"


async def test_what_a_rule_writes_is_committed_with_the_change(serve: Serve) -> None:
    engine = await serve(first_makes_a_second, text_is_announced)
    (id_,) = new_ids(1)
    work = await put(engine, basic(id_, "first"))
    second = await stored(engine, f"{id_}-2")
    first = await stored(engine, id_)
    assert (text_of(first), text_of(second)) == ("first", "second")
    assert work.write_set is not None
    assert [(row.method, row.entry) for row in work.write_set.rows] == [("PUT", -1), ("POST", -1)]
    assert await said(engine, f"{id_}-2") == ["second"], "it is judged in its turn"


async def test_what_is_written_further_is_judged_until_no_rule_adds_to_it(serve: Serve) -> None:
    engine = await serve(first_makes_a_second, second_makes_a_third, no_third)
    (id_,) = new_ids(1)
    with pytest.raises(FhirError, match=r"No third\."):
        await put(engine, basic(id_, "first"))
    assert await stored(engine, id_) is None
    assert await stored(engine, f"{id_}-2") is None


async def test_what_a_rule_writes_is_validated(serve: Serve) -> None:
    @rule("Basic", when=lambda change: text_of(change.after) == "on")
    def writes_nonsense(change: Change) -> Iterator[Verdict]:
        yield Write({"resourceType": "Basic", "id": f"{change.subject.id}-2", "nonsense": True})

    engine = await serve(writes_nonsense)
    (id_,) = new_ids(1)
    with pytest.raises(FhirError) as refused:
        await put(engine, basic(id_))
    assert refused.value.status == 400


async def test_a_rule_that_writes_the_same_as_stored_writes_nothing_but_relies_on_it(serve: Serve) -> None:
    engine = await serve(first_makes_a_second)
    (id_,) = new_ids(1)
    await put(engine, basic(f"{id_}-2", "second"))
    work = await put(engine, basic(id_, "first"))
    assert work.write_set is not None
    assert [row.id for row in work.write_set.rows] == [id_]
    assert [(guard.id, guard.version) for guard in work.write_set.guards] == [(f"{id_}-2", 1)]


async def test_without_an_id_a_rule_writes_a_new_resource(serve: Serve) -> None:
    @rule("Basic", when=lambda change: text_of(change.after) == "on")
    def makes_one(change: Change) -> Iterator[Verdict]:
        yield Write({"resourceType": "Basic", "code": {"text": "made"}})

    engine = await serve(makes_one)
    work = await put(engine, basic(*new_ids(1)))
    made = [planned.after for planned in work.planned.values()][1]
    assert made is not None
    assert text_of(await stored(engine, made.id)) == "made"


async def test_what_is_rewritten_is_judged_again_and_announced_once(serve: Serve) -> None:
    engine = await serve(text_is_announced, raw_is_cooked)
    (id_,) = new_ids(1)
    work = await put(engine, basic(id_, "raw"))
    assert text_of(await stored(engine, id_)) == "cooked"
    assert await said(engine, id_) == ["cooked"]
    assert work.write_set is not None
    assert len(work.write_set.rows) == 1


async def test_who_wrote_what_a_rule_rewrites_is_told_what_was_stored(serve: Serve) -> None:
    engine = await serve(raw_is_cooked)
    (id_,) = new_ids(1)

    async def act(work: UnitOfWork) -> Resource:
        return work.create(basic(id_, "raw"))

    made = await engine.run(CALLER, act)
    kept = await stored(engine, id_)
    assert kept is not None
    assert (made.version, text_of(made), made.wire()) == (1, "cooked", kept.wire())


async def test_rules_that_come_after_the_one_that_rewrites_see_the_new_form_only(serve: Serve) -> None:
    engine = await serve(raw_is_cooked, text_is_announced)
    (id_,) = new_ids(1)
    await put(engine, basic(id_, "raw"))
    assert await said(engine, id_) == ["cooked"]


async def test_what_a_rule_of_another_resource_rewrites_is_announced_once(serve: Serve) -> None:
    engine = await serve(text_is_announced, what_it_is_about_is_counted_up)
    total, id_ = new_ids(2)
    await put(engine, basic(total, "5"), basic(id_, "more", f"Basic/{total}"))
    assert (await said(engine, total), await said(engine, id_)) == (["6"], ["more"])


async def test_what_an_operation_says_of_a_resource_holds_though_a_rule_rewrites_it(serve: Serve) -> None:
    engine = await serve(raw_is_cooked, text_is_announced)
    (id_,) = new_ids(1)

    async def act(work: UnitOfWork) -> None:
        made = work.create(basic(id_, "raw"))
        work.emit(announced("made"), made)

    await engine.run(CALLER, act)
    assert await said(engine, id_) == ["made", "cooked"]


async def test_what_is_rewritten_is_validated(serve: Serve) -> None:
    @rule("Basic", when=lambda change: text_of(change.after) == "on")
    def spoils_it(change: Change) -> Iterator[Verdict]:
        yield Write({**change.content, "code": {"text": "spoilt"}, "nonsense": True})

    engine = await serve(spoils_it)
    (id_,) = new_ids(1)
    with pytest.raises(FhirError) as refused:
        await put(engine, basic(id_))
    assert refused.value.status == 400


async def test_a_rewritten_resource_keeps_its_entry_and_method(serve: Serve) -> None:
    engine = await serve(raw_is_cooked)
    ids = new_ids(2)
    await put(engine, basic(ids[1], "old"))
    work = await put(engine, basic(ids[0]), basic(ids[1], "raw"))
    assert work.write_set is not None
    assert [(row.id, row.entry, row.expected) for row in work.write_set.rows] == [
        (ids[0], 0, 0),
        (ids[1], 1, 1),
    ]


async def test_rules_that_reach_no_fixed_point_are_stopped(serve: Serve) -> None:
    @rule("Basic", when=lambda change: change.after is not None)
    def never_content(change: Change) -> Iterator[Verdict]:
        yield Write({**change.content, "code": {"text": change.content["code"]["text"] + "!"}})

    engine = await serve(never_content)
    (id_,) = new_ids(1)
    with pytest.raises(RuntimeError, match="rules of records reach no fixed point"):
        await put(engine, basic(id_))
    assert await stored(engine, id_) is None


async def test_a_chain_as_long_as_allowed_reaches_its_end(serve: Serve) -> None:
    @rule("Basic", when=lambda change: change.after is not None and len(change.content["code"]["text"]) < 7)
    def a_little_more(change: Change) -> Iterator[Verdict]:
        yield Write({**change.content, "code": {"text": change.content["code"]["text"] + "!"}})

    engine = await serve(a_little_more)
    (id_,) = new_ids(1)
    await put(engine, basic(id_, "!"))
    assert text_of(await stored(engine, id_)) == "!" * 7


async def test_a_rule_that_needs_what_the_same_request_deletes_refuses_it(serve: Serve) -> None:
    engine = await serve(what_it_is_about_is_counted_up, first_makes_a_second)
    (id_,) = new_ids(1)
    await put(engine, basic(f"{id_}-2", "0"))

    async def act(work: UnitOfWork) -> None:
        await work.put(basic(id_, "first"), entry=0)
        await work.delete("Basic", f"{id_}-2", entry=1)

    with pytest.raises(FhirError) as refused:
        await engine.run(CALLER, act)
    (issue,) = refused.value.issues
    assert (refused.value.status, issue.code, issue.expression) == (422, "conflict", "Bundle.entry[1]")
    assert text_of(await stored(engine, f"{id_}-2")) == "0"


async def test_a_rule_writes_over_the_version_it_has_found(serve: Serve) -> None:
    """Somebody writes between what the rule finds and what it writes: its write isn't over theirs."""
    engine = await serve(what_it_is_about_is_counted_up)
    other = await serve()
    total, *ids = new_ids(3)
    await put(engine, basic(total, "0"))
    read, reads = engine.store.read, []

    async def read_and_then_somebody_writes(type_: str, id_: str, access: object) -> Resource | None:
        found = await read(type_, id_, EVERYTHING)
        reads.append(id_)
        if reads.count(total) == 1 and id_ == total:
            await put(other, basic(total, "10"))
        return found

    engine.store.read = read_and_then_somebody_writes  # type: ignore[method-assign]
    await put(engine, basic(ids[0], "0", f"Basic/{total}"))
    assert text_of(await stored(other, total)) == "11"


async def test_what_rules_count_up_at_once_loses_nothing(serve: Serve) -> None:
    engine = await serve(what_it_is_about_is_counted_up)
    for _ in range(20):
        total, *ids = new_ids(4)
        await put(engine, basic(total, "0"))
        await asyncio.gather(*(put(engine, basic(id_, "0", f"Basic/{total}")) for id_ in ids))
        assert text_of(await stored(engine, total)) == f"{len(ids)}"


async def test_a_rule_sees_what_else_is_written_when_and_because_of_what(serve: Serve) -> None:
    seen: list[Change] = []

    @rule("Basic")
    def looks(change: Change) -> Iterator[Verdict]:
        seen.append(change)
        yield from ()

    engine = await serve(looks)
    ids = new_ids(4)
    await put(engine, basic(ids[0]), basic(ids[1]))
    await delete(engine, ids[1])
    seen.clear()
    elsewhere = Resource.of({"resourceType": "Slot", "id": ids[3]})
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    heard = Event("e", b"k", "Slot/1", now, ResourceChanged())
    overlay = {elsewhere.reference: elsewhere, "Slot/gone": None}
    for event in (None, heard):
        work = UnitOfWork(engine, Caller("test"), now=now, overlay=overlay, event=event)
        await work.put(basic(ids[0], "off"))
        await work.put(basic(ids[1]))
        work.create(basic(ids[2]))
        await work.plan()
    assert [change.heard for change in seen] == [False] * 3 + [True] * 3
    changed, made_again, made = seen[:3]
    assert (text_of(changed.before), text_of(changed.after), changed.version) == ("on", "off", 2)
    assert (made_again.before, made_again.version) == (None, 3), "what was deleted is not there before"
    assert (made.before, made.version, made.now) == (None, 1, now)
    for change, others in [(changed, ids[1:]), (made_again, [ids[0], *ids[2:]]), (made, [*ids[:2], ids[3]])]:
        assert [other.subject.id for other in change.others] == others
    assert [other.version for other in changed.others] == [0, 0, 0]
