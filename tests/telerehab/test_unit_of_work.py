"""What a unit of work reads, plans, relies on and refuses, committed by a real engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from telerehab.access import Access, Caller
from telerehab.change import Emit, Rule
from telerehab.engine import ATTEMPTS, Engine
from telerehab.event import Event
from telerehab.fhir.outcome import FhirError
from telerehab.pb.telerehab.events.v1.records_pb2 import PatientMerged
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.resource import Resource
from telerehab.unit_of_work import UnitOfWork, existing
from telerehab.write_set import Counter, Guard, InboxRow
from tests.telerehab.basics import CALLER, announced, basic, delete, new_ids, put, said, stored, text_of
from tests.telerehab.conftest import Serve

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
Act = Callable[[UnitOfWork], Awaitable[object]]
HEARD = Event("0190aaaa-0000-7000-8000-000000000001", b"key", "Slot/1", NOW, ResourceChanged(), depth=2)


def only(patient: str) -> Access:
    return Access(frozenset({patient}))


# Reading


async def test_it_reads_what_it_will_leave_behind(serve: Serve) -> None:
    engine = await serve()
    changed, deleted, unchanged, made, never = new_ids(5)
    await put(engine, *(basic(id_, "old") for id_ in (changed, deleted, unchanged)))
    overlay = {"Basic/theirs": Resource.of(basic("theirs", "new")), "Basic/gone": None}
    work = UnitOfWork(engine, CALLER, overlay=overlay)
    await work.put(basic(changed, "new"))
    await work.delete("Basic", deleted)
    work.create(basic(made, "new"))
    for id_, text in {
        changed: "new",
        deleted: None,
        unchanged: "old",
        made: "new",
        never: None,
        "theirs": "new",
        "gone": None,
    }.items():
        assert text_of(await work.read("Basic", id_)) == text
    assert work.relied_on() == [Guard("Basic", unchanged, 1), Guard("Basic", never, 0)]


async def test_a_deleted_one_is_read_as_absent_and_relied_on(serve: Serve) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    await put(engine, basic(id_))
    await delete(engine, id_)
    work = UnitOfWork(engine, CALLER)
    assert await work.read("Basic", id_) is None
    assert work.relied_on() == [Guard("Basic", id_, 2)]
    with pytest.raises(FhirError) as refused:
        await work.required("Basic", id_)
    assert refused.value.status == 404


async def test_all_decisions_of_one_work_are_about_the_same_version(serve: Serve) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    await put(engine, basic(id_, "1"))
    attempts = []

    async def act(work: UnitOfWork) -> None:
        seen = await work.read("Basic", id_)
        attempts.append(text_of(seen))
        if len(attempts) == 1:
            await put(engine, basic(id_, "2"))
        assert text_of(await work.read("Basic", id_)) == attempts[-1]
        await work.put(basic(id_, f"{attempts[-1]} and more"))

    await engine.run(CALLER, act)
    assert attempts == ["1", "2"]
    assert text_of(await stored(engine, id_)) == "2 and more"


async def test_existing_tells_never_there_from_deleted() -> None:
    there = Resource.of(basic("x"))
    assert existing(there, "Basic", "x") is there
    for resource, status in ((None, 404), (Resource("Basic", "x", deleted=True), 410)):
        with pytest.raises(FhirError) as refused:
            existing(resource, "Basic", "x")
        assert refused.value.status == status


async def test_another_owners_resource_comes_from_the_bundle_or_its_owner(serve: Serve) -> None:
    engine = await serve()
    asked = []

    class Owner:
        async def read(self, reference: str, caller: Caller) -> Resource | None:
            asked.append((reference, caller))
            return Resource.of({"resourceType": "Slot", "id": "theirs"})

    engine.neighbours = Owner()  # type: ignore[assignment]
    mine = Resource.of({"resourceType": "Slot", "id": "mine"})
    work = UnitOfWork(engine, CALLER, overlay={"Slot/mine": mine, "Slot/gone": None})
    assert await work.elsewhere("Slot/mine") is mine
    assert await work.elsewhere("Slot/gone") is None
    assert (await work.elsewhere("Slot/theirs")).id == "theirs"  # type: ignore[union-attr]
    assert asked == [("Slot/theirs", CALLER)]
    with pytest.raises(AssertionError, match="a handler asks no neighbour"):
        await UnitOfWork(engine, CALLER, event=HEARD).elsewhere("Slot/theirs")
    assert len(asked) == 1


# Changing


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize(
    ("state", "if_version", "accepted"),
    [
        ("second", 2, True),
        ("second", None, True),
        ("second", 1, False),
        ("second", 3, False),
        ("deleted", 3, False),
        ("deleted", None, True),
        ("never", 0, False),
        ("never", 1, False),
        ("never", None, True),
    ],
)
async def test_if_match_names_the_current_live_version(
    serve: Serve, method: str, state: str, if_version: int | None, accepted: bool
) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    if state != "never":
        await put(engine, basic(id_, "1"))
        await put(engine, basic(id_, "2"))
    if state == "deleted":
        await delete(engine, id_)

    async def act(work: UnitOfWork) -> None:
        if method == "put":
            await work.put(basic(id_, "next"), if_version=if_version)
        else:
            await work.delete("Basic", id_, if_version=if_version)

    if accepted:
        await engine.run(CALLER, act)
        assert text_of(await stored(engine, id_)) == ("next" if method == "put" else None)
    else:
        with pytest.raises(FhirError) as refused:
            await engine.run(CALLER, act)
        assert refused.value.status == 412
        assert text_of(await stored(engine, id_)) == ("2" if state == "second" else None)


async def test_an_unchanged_put_writes_nothing_and_relies_on_what_is_there(serve: Serve) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    await put(engine, basic(id_))
    work = await put(
        engine, {**basic(id_), "meta": {"versionId": "7", "lastUpdated": "2020-01-01T00:00:00Z"}}
    )
    assert (work.planned, [one.version for one in work.unchanged]) == ({}, [1])
    assert work.relied_on() == [Guard("Basic", id_, 1)]
    assert work.write_set is None, "there was nothing to commit"


async def test_what_is_deleted_can_be_put_again_with_the_same_content(serve: Serve) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    await put(engine, basic(id_))
    await delete(engine, id_)
    await put(engine, basic(id_))
    again = await stored(engine, id_)
    assert again is not None
    assert again.version == 3


async def test_deleting_what_is_not_there_does_nothing(serve: Serve) -> None:
    engine = await serve()
    never, deleted = new_ids(2)
    await put(engine, basic(deleted))
    await delete(engine, deleted)
    work = UnitOfWork(engine, CALLER)
    assert [await work.delete("Basic", id_) for id_ in (never, deleted)] == [None, None]
    assert work.planned == {}


async def test_a_new_resource_gets_an_id_in_order_of_time(serve: Serve) -> None:
    engine = await serve()
    work = UnitOfWork(engine, CALLER)
    made = [work.create({"resourceType": "Basic", "code": {"text": "x"}}) for _ in range(2)]
    assert [UUID(one.id).version for one in made] == [7, 7]
    assert work.create(basic("given")).id == "given"


async def test_what_was_written_knows_the_version_and_time_of_the_commit(serve: Serve) -> None:
    engine = await serve()
    changed, deleted, made = new_ids(3)
    await put(engine, basic(changed), basic(deleted))

    async def act(work: UnitOfWork) -> list[Resource]:
        removed = await work.delete("Basic", deleted)
        assert removed is not None
        return [removed, await work.put(basic(changed, "off")), work.create(basic(made))]

    removed, *written = await engine.run(CALLER, act)
    now = [await stored(engine, one.id) for one in written]
    assert [(one.version, one.last_updated) for one in written] == [
        (one.version, one.last_updated) for one in now if one is not None
    ]
    assert [one.version for one in (removed, *written)] == [1, 2, 1], "what was deleted stays as it was"


async def test_one_request_writes_a_resource_once(serve: Serve) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    await put(engine, basic(id_))
    twice: list[Act] = [
        lambda work: work.put(basic(id_, "off")),
        lambda work: work.delete("Basic", id_),
    ]
    for first in twice:
        for second in twice:
            work = UnitOfWork(engine, CALLER)
            await first(work)
            with pytest.raises(FhirError) as refused:
                await second(work)
            assert (refused.value.status, refused.value.issues[0].code) == (422, "duplicate")


async def test_what_is_invalid_is_refused_at_its_entry(serve: Serve) -> None:
    engine = await serve()
    ids = new_ids(3)
    wrong: dict[str, Any] = {"nonsense": True}
    with pytest.raises(FhirError) as refused:
        await put(engine, basic(ids[0]), basic(ids[1], **wrong), basic(ids[2], **wrong))
    assert refused.value.status == 400
    wheres = [issue.expression or "" for issue in refused.value.issues]
    assert [where.partition(".")[2].partition(".")[0] for where in wheres] == ["entry[1]", "entry[2]"]
    with pytest.raises(FhirError) as refused:
        await put(engine, basic(ids[1], **wrong))
    assert "Bundle" not in (refused.value.issues[0].expression or "")
    assert await stored(engine, ids[0]) is None


# Access


async def test_what_is_hidden_is_relied_on_as_little_as_what_is_absent(serve: Serve) -> None:
    engine = await serve()
    hidden, absent = new_ids(2)
    await put(engine, {**basic(hidden, "x"), "subject": {"reference": "Patient/other"}})
    work = UnitOfWork(engine, Caller("restricted", access=only("mine")))
    assert [await work.read("Basic", id_) for id_ in (hidden, absent)] == [None, None]
    assert work.relied_on() == []


async def test_a_caller_writes_nothing_that_would_be_outside_its_access(serve: Serve) -> None:
    engine = await serve()
    mine, theirs, id_ = new_ids(3)
    access = only(mine)
    await put(engine, basic(id_, "on", f"Patient/{mine}"), access=access)
    for about in (f"Patient/{theirs}", None):
        with pytest.raises(FhirError) as refused:
            await put(engine, basic(id_, "off", about), access=access)
        assert refused.value.status == 403
    assert text_of(await stored(engine, id_)) == "on"
    shared = Access(frozenset(), frozenset({"Basic"}))
    await put(engine, basic(id_, "off"), access=shared)


async def test_a_caller_changes_nothing_that_is_hidden_from_it(serve: Serve) -> None:
    engine = await serve()
    mine, theirs, id_ = new_ids(3)
    await put(engine, basic(id_, "on", f"Patient/{theirs}"))
    await delete(engine, id_, access=only(mine))
    with pytest.raises(FhirError):
        await put(engine, basic(id_, "off", f"Patient/{mine}"), access=only(mine))
    now = await stored(engine, id_)
    assert now is not None
    assert (text_of(now), now.version) == ("on", 1)
    assert await UnitOfWork(engine, Caller("x", access=only(mine))).read("Basic", id_) is None


async def test_only_who_may_see_both_patients_can_say_that_they_are_one(serve: Serve) -> None:
    one, other, id_ = new_ids(3)
    merged = PatientMerged(patient_id=one, into_patient_id=other, patient_version=1)
    says = Rule("says_so", ("Basic",), lambda change: iter([Emit(merged)]))
    engine = await serve(says)
    content = basic(id_, "on", f"Patient/{one}")
    with pytest.raises(FhirError) as refused:
        await put(engine, content, access=only(one))
    assert refused.value.status == 403
    assert await stored(engine, id_) is None
    await put(engine, content, access=Access(frozenset({one, other})))
    assert set(engine.store.aliases.of(one)) == {one, other}, "it holds at once"


# Relying


def building_on(engine: Engine, other: str, mine: str, changes: int) -> tuple[Act, list[str | None]]:
    """A request that builds on what somebody else changes `changes` times while it works, and what it saw."""
    seen: list[str | None] = []

    async def act(work: UnitOfWork) -> None:
        seen.append(text_of(await work.read("Basic", other)))
        if len(seen) <= changes:
            await put(engine, basic(other, f"{len(seen)}"))
        work.create(basic(mine))

    return act, seen


@pytest.mark.parametrize("changes", [0, 1, ATTEMPTS - 1])
async def test_it_is_planned_again_until_nothing_changes_meanwhile(serve: Serve, changes: int) -> None:
    engine = await serve()
    other, mine = new_ids(2)
    await put(engine, basic(other, "0"))
    act, seen = building_on(engine, other, mine, changes)
    await engine.run(CALLER, act)
    assert seen == [f"{n}" for n in range(changes + 1)]
    assert await stored(engine, mine) is not None


async def test_after_too_many_misses_the_client_is_told_to_try_again(serve: Serve) -> None:
    engine = await serve()
    other, mine = new_ids(2)
    await put(engine, basic(other, "0"))
    act, seen = building_on(engine, other, mine, ATTEMPTS)
    with pytest.raises(FhirError) as refused:
        await engine.run(CALLER, act)
    assert (refused.value.status, refused.value.issues[0].code) == (409, "transient")
    assert refused.value.headers["Retry-After"] == "1"
    assert seen == [f"{n}" for n in range(ATTEMPTS)]
    assert await stored(engine, mine) is None


async def test_counters_relied_on_and_counted_up_are_one(serve: Serve) -> None:
    work = UnitOfWork(await serve(), CALLER)
    for counter in (Counter(1, None, bump=True), Counter(1, 5, bump=False), Counter(1, None, bump=False)):
        work.count(counter)
    work.count(Counter(2, 3, bump=False))
    assert list(work.counters.values()) == [Counter(1, 5, bump=True), Counter(2, 3, bump=False)]


# Events and handlers


async def test_an_event_is_known_if_and_only_if_the_work_is_committed(serve: Serve) -> None:
    engine = await serve()
    refused, done = new_ids(2)
    for id_, wrong in ((refused, {"nonsense": True}), (done, {})):

        async def act(work: UnitOfWork, id_: str = id_, wrong: dict[str, Any] = wrong) -> None:
            work.emit(announced("made"), work.create(basic(id_, **wrong)))

        if wrong:
            with pytest.raises(FhirError):
                await engine.run(CALLER, act)
        else:
            await engine.run(CALLER, act)
    assert (await said(engine, refused), await said(engine, done)) == ([], ["made"])


def handling(engine: Engine, handler: str, event: Event[Any] = HEARD) -> UnitOfWork:
    work = UnitOfWork(engine, Caller("records"), event=event)
    work.inbox.append(InboxRow(event.id, handler))
    return work


async def test_what_a_handler_makes_has_the_same_id_whenever_it_runs(serve: Serve) -> None:
    engine, elsewhere = await serve(), await serve(name="session")
    first, again = handling(engine, "make"), handling(engine, "make")
    ids = [first.derived_id(), first.derived_id()]
    assert [again.derived_id(), again.derived_id()] == ids
    another = Event("0190aaaa-0000-7000-8000-000000000002", b"key", "Slot/1", NOW, ResourceChanged())
    others = [
        handling(engine, "other").derived_id(),
        handling(elsewhere, "make").derived_id(),
        handling(engine, "make", another).derived_id(),
    ]
    assert len({*ids, *others}) == 5
    with pytest.raises(AssertionError, match="only a handler derives ids"):
        UnitOfWork(engine, CALLER).derived_id()


async def test_the_time_of_the_work_is_the_engines(serve: Serve) -> None:
    engine = await serve()
    engine.clock = lambda: NOW + timedelta(days=1)
    assert UnitOfWork(engine, CALLER).now == NOW + timedelta(days=1)
    assert UnitOfWork(engine, CALLER, now=NOW).now == NOW
