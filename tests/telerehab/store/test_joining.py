"""Write sets that come at the same moment: one commit for those that are independent, each its own outcome."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from telerehab.access import EVERYTHING
from telerehab.store.joining import MOST_ROWS, groups, may_join
from telerehab.store.store import Store
from telerehab.write_set import Applied, Command, Counter, Guard, InboxRow, Missed, Violated, WriteSet
from tests.telerehab.store.samples import booked, rows_of, write, write_set

HOURS = "[2040-01-01 {}:00+00, 2040-01-01 {}:00+00)"


async def test_creates_that_come_together_are_committed_together(store: Store) -> None:
    results = await asyncio.gather(*(store.apply(write_set(write(f"a{number}"))) for number in range(100)))
    stored = [await store.read("Appointment", f"a{number}", EVERYTHING) for number in range(100)]
    assert [each.last_updated for each in stored if each] == [each.last_updated[0] for each in results]
    assert len(await rows_of(store, "SELECT DISTINCT xmin::text FROM resource")) < 10
    assert (
        len(await rows_of(store, "SELECT FROM outbox"))
        == len(await rows_of(store, "SELECT FROM audit"))
        == 100
    )


async def test_one_that_is_refused_takes_no_other_along(store: Store) -> None:
    await store.apply(write_set(write("taken"), side_rows=booked(("taken", "p1", HOURS.format("08", "10")))))
    late = write_set(write("late"), side_rows=booked(("late", "p1", HOURS.format("09", "11"))))
    stale = write_set(write("taken", 7))
    found = await asyncio.gather(
        store.apply(write_set(write("a"))),
        store.apply(late),
        store.apply(stale),
        store.apply(write_set(write("b"))),
        return_exceptions=True,
    )
    assert [type(each) for each in found] == [Applied, Violated, Missed, Applied]
    assert await rows_of(store, "SELECT id, version FROM resource ORDER BY id") == [
        ("a", 1),
        ("b", 1),
        ("taken", 1),
    ]


async def test_two_that_each_rely_on_what_the_other_writes_are_never_both_done(store: Store) -> None:
    await store.apply(write_set(write("a"), write("b")))
    for version in range(1, 20):
        now = {"a": version, "b": version}
        sets = [
            write_set(write("a", now["a"]), guards=[Guard("Appointment", "b", now["b"])]),
            write_set(write("b", now["b"]), guards=[Guard("Appointment", "a", now["a"])]),
        ]
        found = await asyncio.gather(*map(store.apply, sets), return_exceptions=True)
        assert sorted(type(each).__name__ for each in found) == ["Applied", "Missed"]
        lost = "ab"[[isinstance(each, Missed) for each in found].index(True)]
        await store.apply(write_set(write(lost, version)))


async def test_creates_do_not_wait_for_who_waits_for_a_lock(store: Store, dsn: str) -> None:
    await store.apply(write_set(*(write(f"held{number}") for number in range(4))))
    holder = await asyncpg.connect(dsn)
    await holder.execute("BEGIN; SELECT FROM scheduling.resource FOR UPDATE")
    updates = [asyncio.create_task(store.apply(write_set(write(f"held{number}", 1)))) for number in range(4)]
    while not await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
    await asyncio.gather(*(store.apply(write_set(write(f"free{number}"))) for number in range(8)))
    assert not any(each.done() for each in updates)
    await holder.execute("ROLLBACK")
    await asyncio.gather(*updates)
    await holder.close()


BUMP, EXPECT, LOOK = Counter(1, None, True), Counter(1, 3, True), Counter(1, 3, False)
T: dict[str, Any] = {"t": (["x"], [])}
U: dict[str, Any] = {"u": (["x"], [])}


@pytest.mark.parametrize(
    ("one", "other", "are_together"),
    [
        (write_set(write("a")), write_set(write("b")), True),
        (write_set(write("a")), write_set(write("a")), False),
        (write_set(write("a")), write_set(write("b"), guards=[Guard("Appointment", "a", 1)]), False),
        (write_set(write("b"), guards=[Guard("Appointment", "a", 1)]), write_set(write("a")), False),
        (
            write_set(write("b"), guards=[Guard("Appointment", "a", 1)]),
            write_set(write("c"), guards=[Guard("Appointment", "a", 1)]),
            True,
        ),
        (write_set(write("a"), counters=[BUMP]), write_set(write("b"), counters=[BUMP]), True),
        (write_set(write("a"), counters=[BUMP]), write_set(write("b"), counters=[LOOK]), False),
        (write_set(write("a"), counters=[LOOK]), write_set(write("b"), counters=[BUMP]), False),
        (write_set(write("a"), counters=[LOOK]), write_set(write("b"), counters=[LOOK]), True),
        (write_set(write("a"), counters=[EXPECT]), write_set(write("b"), counters=[LOOK]), False),
        (write_set(write("a"), counters=[EXPECT]), write_set(write("b"), counters=[EXPECT]), False),
        (write_set(write("a"), side_rows=T), write_set(write("b"), side_rows=T), False),
        (write_set(write("a"), side_rows=T), write_set(write("b"), side_rows=U), True),
    ],
)  # fmt: skip
def test_only_what_is_independent_is_joined(one: WriteSet, other: WriteSet, are_together: bool) -> None:
    assert list(groups([one, other])) == ([[0, 1]] if are_together else [[0], [1]])


def test_a_group_stays_small() -> None:
    sets = [write_set(*(write(f"{number}-{row}") for row in range(30))) for number in range(5)]
    found = list(groups(sets))
    assert sorted(place for group in found for place in group) == [0, 1, 2, 3, 4]
    assert all(len(group) * 30 <= MOST_ROWS for group in found)


@pytest.mark.parametrize(
    ("parts", "may"),
    [
        ({}, True),
        ({"rows": []}, False),
        ({"command": Command(b"", b"", b"")}, False),
        ({"inbox": [InboxRow("00000000-0000-0000-0000-000000000001", "h")]}, False),
    ],
)
def test_what_may_have_been_done_before_is_committed_alone(parts: dict[str, Any], may: bool) -> None:
    assert may_join(replace(write_set(write("a")), **parts)) is may
