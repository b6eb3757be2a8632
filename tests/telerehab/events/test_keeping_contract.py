"""What every database does for events; one is put through it by a fixture of its name in `DATABASES`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from telerehab import identity
from telerehab.events.brokers.broker import Record
from telerehab.events.keeping import Keeping
from telerehab.pb.telerehab.events.v1.outcomes_pb2 import SafetyAlertRaised
from telerehab.service import Service
from telerehab.write_set import Applied, InboxRow, OutboxRow, WriteSet
from tests.simulation.memory_database import MemoryDatabase, MemoryServer
from tests.simulation.memory_store import MemoryStore
from tests.simulation.schema import Schema
from tests.simulation.wire import DirectWire

DATABASES = ["postgres_kept", "memory_kept"]
HANDLERS = ["h", "other"]
SOON = 60


class Kept(NamedTuple):
    """A database, and a way to commit to its schema `session`."""

    database: Keeping
    apply: Callable[[WriteSet], Awaitable[Applied]]


@pytest.fixture
async def postgres_kept(world: Any) -> Kept:
    engine = await world.engine(Service("session"))
    return Kept(world.database, engine.store.apply)


@pytest.fixture
def memory_kept() -> Kept:
    schema = Schema("session", lambda: datetime.now(UTC))
    return Kept(MemoryDatabase(MemoryServer([schema]), DirectWire()), MemoryStore(schema, DirectWire()).apply)


@pytest.fixture(params=DATABASES)
def kept(request: pytest.FixtureRequest) -> Kept:
    found: Kept = request.getfixturevalue(request.param)
    return found


def record(key: bytes = b"k", type_: str = "T") -> Record:
    id_ = identity.new_id()
    return Record(id_, "telerehab.outcomes", key, {"ce_id": id_, "ce_type": type_}, b"\0x")


async def test_the_outbox_gives_safety_first_and_all_in_the_order_of_commits(kept: Kept) -> None:
    outbox = kept.database.outbox("session")
    said = [
        OutboxRow(identity.new_id(), topic, b"k", "T", f"Slot/{number}", b"\0", "", "c", 2)
        for number, topic in enumerate(["telerehab.session", "telerehab.safety"] * 3)
    ]
    for row in said:
        await kept.apply(WriteSet("session", outbox=[row]))
    rows = await outbox.first(2)
    order = [said[1], said[3], said[0], said[2]]
    assert [str(row["event_id"]) for row in rows] == [row.event_id for row in order]
    for name in ("topic", "key", "type", "subject", "payload", "traceparent", "cause", "depth"):
        assert [row[name] for row in rows] == [getattr(row, name) for row in order]
    assert all(row["time"].tzinfo for row in rows)
    await outbox.remove([row["id"] for row in rows])
    assert [row["subject"] for row in await outbox.first(9)] == ["Slot/5", "Slot/4"]
    assert (await outbox.waiting())["count"] == 2
    await outbox.remove([row["id"] for row in await outbox.first(9)])
    assert await outbox.waiting() == {"count": 0, "seconds": 0}


async def test_a_lease_has_one_holder_and_each_new_one_a_higher_epoch(kept: Kept) -> None:
    row, one, other = kept.database.lease("session"), uuid4(), uuid4()
    assert [await row.take(one, 60) for _ in range(2)] == [1, 1]
    assert await row.take(other, 60) is None
    await row.release(other)
    assert await row.take(other, 60) is None
    await row.release(one)
    assert await row.take(other, 60) == 2
    assert await row.take(one, 60) is None
    await row.release(other)
    assert await row.take(one, 0.01) == 3
    while await row.take(other, 60) is None:  # noqa: ASYNC110  # it ends by itself
        await asyncio.sleep(0.01)
    assert await row.take(other, 60) == 4


async def test_the_inbox_tells_which_handler_has_taken_what(kept: Kept) -> None:
    one, other = identity.new_id(), identity.new_id()
    await kept.apply(WriteSet("session", inbox=[InboxRow(one, "h"), InboxRow(other, "other")]))
    inbox = kept.database.inbox("session")
    asked = {(one, "h"), (one, "other"), (other, "other"), (identity.new_id(), "h")}
    assert await inbox.taken(asked) == {(one, "h"), (other, "other")}
    assert await inbox.taken([]) == set()


async def test_what_follows_a_letter_in_its_lane_waits_behind_it(kept: Kept) -> None:
    letters = kept.database.letters("session")
    first, second, elsewhere = record(), record(), record(b"elsewhere")
    assert not await letters.wait_behind("h", first)
    await letters.add("h", first, state="retrying", error="E", after=0)
    assert await letters.blocked() == {("h", b"k")}
    assert [await letters.wait_behind("h", each) for each in (second, second, elsewhere)] == [
        True,
        True,
        False,
    ]
    assert not await letters.wait_behind("other", second)
    found = await letters.all()
    assert [(each.record, each.state, each.failures, each.error) for each in found] == [
        (first, "retrying", 1, "E"),
        (second, "waiting", 0, ""),
    ]
    async with letters.due(HANDLERS) as held:
        assert held is not None
        assert held.letter.record == first
        await held.taken()
    async with letters.due(HANDLERS) as held:
        assert held is not None
        assert held.letter.record == second
        await held.taken()
    assert await letters.blocked() == set()


async def test_a_safety_event_is_a_lane_of_its_own(kept: Kept) -> None:
    letters = kept.database.letters("session")
    name = SafetyAlertRaised.DESCRIPTOR.full_name
    await letters.add("h", record(type_=name), state="dead", error="", after=0)
    assert not await letters.wait_behind("h", record(type_=name))


async def test_a_letter_is_kept_once_and_not_for_what_is_taken(kept: Kept) -> None:
    letters = kept.database.letters("session")
    taken, failed = record(), record()
    await kept.apply(WriteSet("session", inbox=[InboxRow(taken.id, "h")]))
    await letters.add("h", taken, state="retrying", error="", after=0)
    assert await letters.all() == []
    for state in ("retrying", "dead"):
        await letters.add("h", failed, state=state, error="", after=0)
    await letters.add("other", failed, state="dead", error="", after=0)
    assert [(each.handler, each.state) for each in await letters.all()] == [
        ("h", "retrying"),
        ("other", "dead"),
    ]
    counts = await letters.counts()
    assert {of: count for of, (count, _) in counts.items()} == {("h", "retrying"): 1, ("other", "dead"): 1}


async def test_a_letter_is_due_when_its_time_has_come_and_its_handler_is_asked_for(kept: Kept) -> None:
    letters = kept.database.letters("session")
    await letters.add("h", record(), state="retrying", error="", after=SOON)
    await letters.add("other", record(b"b"), state="lacking", error="", after=2 * SOON)
    assert SOON / 2 < (await letters.next_due(HANDLERS) or 0) <= SOON
    assert SOON < (await letters.next_due(["other"]) or 0) <= 2 * SOON
    assert await letters.next_due(["nobody"]) is None
    async with letters.due(HANDLERS) as held:
        assert held is None


async def test_a_letter_that_failed_again_is_due_later(kept: Kept) -> None:
    letters = kept.database.letters("session")
    await letters.add("h", record(), state="retrying", error="first", after=0)
    async with letters.due(HANDLERS) as held:
        assert held is not None
        await held.failed(state="lacking", error="second", after=SOON)
    (letter,) = await letters.all()
    assert (letter.state, letter.error, letter.failures) == ("lacking", "second", 2)
    assert (await letters.next_due(HANDLERS) or 0) > SOON / 2


async def test_a_letter_is_held_by_one_and_left_as_it_was_when_that_one_breaks_off(kept: Kept) -> None:
    letters = kept.database.letters("session")
    await letters.add("h", record(), state="retrying", error="", after=0)
    await letters.add("h", record(b"b"), state="retrying", error="", after=0)
    before = await letters.all()
    with suppress(LookupError):
        async with (
            letters.due(HANDLERS) as one,
            letters.due(HANDLERS) as other,
            letters.due(HANDLERS) as none,
        ):
            assert one is not None
            assert other is not None
            assert none is None
            assert one.letter.id != other.letter.id
            await one.taken()
            await other.failed(state="dead", error="x", after=0)
            raise LookupError
    assert await letters.all() == before
    async with letters.due(HANDLERS) as again:
        assert again is not None


async def test_who_would_wait_behind_a_letter_that_is_being_taken_waits_for_that(kept: Kept) -> None:
    letters = kept.database.letters("session")
    await letters.add("h", record(), state="retrying", error="", after=0)
    async with letters.due(HANDLERS) as held:
        assert held is not None
        await held.taken()
        waiting = asyncio.create_task(letters.wait_behind("h", record()))
        assert (await letters.all())[0].id == held.letter.id
        assert not waiting.done()
    assert await waiting is False
    assert await letters.all() == []


async def test_a_dead_letter_stops_its_lane_until_a_person_acts(kept: Kept) -> None:
    letters = kept.database.letters("session")
    dead, behind, free = record(), record(), record(b"free")
    await letters.add("h", free, state="retrying", error="", after=SOON)
    await letters.add("h", dead, state="dead", error="", after=0)
    assert await letters.wait_behind("h", behind)
    ids = [each.id for each in (dead, behind, free)]
    assert await letters.dead(ids) == {(dead.id, "h"), (behind.id, "h")}
    async with letters.due(HANDLERS) as held:
        assert held is None
    by_event = {letter.record.id: letter.id for letter in await letters.all()}
    assert await letters.replay([by_event[dead.id], -1]) == 1
    assert await letters.dead(ids) == set()
    async with letters.due(HANDLERS) as held:
        assert held is not None
        assert (held.letter.record, held.letter.failures) == (dead, 0)
        await held.failed(state="dead", error="", after=0)
    assert await letters.discard([by_event[dead.id]]) == 1
    async with letters.due(HANDLERS) as held:
        assert held is not None
        assert held.letter.record == behind


async def test_who_listens_hears_what_is_notified_on_the_channel(kept: Kept) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with kept.database.listening("one", heard.put_nowait) as lost:
        await kept.database.notify("other", ["x"])
        await kept.database.notify("one", ["a", "b"])
        async with asyncio.timeout(60):
            assert sorted([await heard.get(), await heard.get()]) == ["a", "b"]
        assert not lost.is_set()
