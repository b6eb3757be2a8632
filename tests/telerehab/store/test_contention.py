"""Writers at the same moment: never two where there may be one, nothing half, nobody waiting in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from time import monotonic
from typing import Any

import asyncpg
import pytest

from telerehab.access import EVERYTHING
from telerehab.store.store import Store
from telerehab.store.write import apply
from telerehab.write_set import Applied, Command, Counter, Guard, Missed, Repeated, Violated, WriteSet
from tests.telerehab.store.samples import booked, rows_of, write, write_set

CLIENTS = 50
DEADLOCK_SECONDS = 1.0  # PostgreSQL's deadlock_timeout: a round that had one takes longer


async def outcomes(applications: Iterable[Awaitable[Applied]]) -> list[Any]:
    return await asyncio.gather(*applications, return_exceptions=True)


def won(results: list[Any]) -> int:
    return sum(isinstance(result, Applied) for result in results)


def refused(results: list[Any], kind: type[Exception]) -> int:
    return sum(isinstance(result, kind) for result in results)


async def test_of_many_updates_of_one_version_one_wins(store: Store) -> None:
    await store.apply(write_set(write("a")))
    results = await outcomes(store.apply(write_set(write("a", 1))) for _ in range(CLIENTS))
    assert (won(results), refused(results, Missed)) == (1, CLIENTS - 1)
    assert await rows_of(store, "SELECT version FROM resource") == [(2,)]
    assert len(await rows_of(store, "SELECT FROM outbox")) == 2


async def test_of_many_creates_under_one_id_one_wins(store: Store) -> None:
    results = await outcomes(store.apply(write_set(write("a"))) for _ in range(CLIENTS))
    assert (won(results), refused(results, Missed)) == (1, CLIENTS - 1)


@pytest.mark.parametrize("counted", [0, 3])
async def test_of_many_conditional_creates_one_wins(store: Store, counted: int) -> None:
    for _ in range(counted):
        await store.apply(WriteSet("scheduling", counters=[Counter(7, None, True)]))
    results = await outcomes(
        store.apply(write_set(write(f"new-{number}"), counters=[Counter(7, counted, True)]))
        for number in range(CLIENTS)
    )
    assert (won(results), refused(results, Missed)) == (1, CLIENTS - 1)
    assert await store.counters([7]) == {7: counted + 1}
    assert len(await rows_of(store, "SELECT FROM resource")) == 1


async def test_whoever_asks_for_counters_at_the_same_moment_gets_his_own(store: Store) -> None:
    for key in (1, 2, 2):
        await store.apply(WriteSet("scheduling", counters=[Counter(key, None, True)]))
    asked = [[1, 2], [2], [3, 1], []]
    expected = [{1: 1, 2: 2}, {2: 2}, {3: 0, 1: 1}, {}]
    assert await asyncio.gather(*map(store.counters, asked)) == expected


async def test_of_many_uses_of_one_command_one_is_done(store: Store) -> None:
    results = await outcomes(
        store.apply(write_set(write(f"new-{number}"), command=Command(b"key", b"request", b"answer")))
        for number in range(CLIENTS)
    )
    assert (won(results), refused(results, Repeated)) == (1, CLIENTS - 1)
    assert len(await rows_of(store, "SELECT FROM resource")) == 1


async def test_of_overlapping_bookings_one_wins_and_nobody_deadlocks(store: Store) -> None:
    """Each takes a practitioner, a patient and a room, named in another order."""
    actors = ["practitioner", "patient", "room"]
    for number in range(10):
        hour = f"2099-01-{number + 1:02}T12"
        started = monotonic()
        results = await outcomes(
            store.apply(
                write_set(
                    write(f"{number}-{client}"),
                    side_rows=booked(
                        *(
                            (f"{number}-{client}", actor, f"[{hour}:{client:02}Z,{hour}:59Z)")
                            for actor in actors[client % 3 :] + actors[: client % 3]
                        )
                    ),
                )
            )
            for client in range(CLIENTS)
        )
        assert (won(results), refused(results, Violated)) == (1, CLIENTS - 1)
        assert monotonic() - started < DEADLOCK_SECONDS
    assert len(await rows_of(store, "SELECT FROM booked_time")) == 30


async def skewed(store: Store, first: WriteSet, second: WriteSet) -> None:
    """Both rely on what the other writes: one or none may be done, whatever the order.

    They are two processes': a store puts those of its own process one after the other.
    """
    started = monotonic()
    results = await outcomes([apply(store.pool, first), apply(store.pool, second)])
    assert won(results) < 2
    assert won(results) + refused(results, Missed) == 2
    assert monotonic() - started < DEADLOCK_SECONDS


async def test_two_that_rely_on_a_version_the_other_writes_are_never_both_done(store: Store) -> None:
    for number in range(100):
        a, b = f"a{number}", f"b{number}"
        await store.apply(write_set(write(a), write(b)))
        await skewed(
            store,
            write_set(write(a, 1), guards=[Guard("Appointment", b, 1)]),
            write_set(write(b, 1), guards=[Guard("Appointment", a, 1)]),
        )


async def test_one_that_relies_on_absence_and_one_that_creates_it_are_never_both_done(store: Store) -> None:
    for number in range(100):
        a, b = f"a{number}", f"b{number}"
        await store.apply(write_set(write(b)))
        await skewed(
            store,
            write_set(write(a, 0), guards=[Guard("Appointment", b, 1)]),
            write_set(write(b, 1), guards=[Guard("Appointment", a, 0)]),
        )


async def test_two_that_create_what_the_other_relies_on_to_be_absent_are_never_both_done(
    store: Store,
) -> None:
    for number in range(5):
        a, b = f"a{number}", f"b{number}"
        results = await outcomes(
            [
                apply(store.pool, write_set(write(a), guards=[Guard("Appointment", b, 0)])),
                apply(store.pool, write_set(write(b), guards=[Guard("Appointment", a, 0)])),
            ]
        )
        assert won(results) < 2
        assert won(results) + refused(results, Missed) == 2


@pytest.mark.parametrize("counted", [0, 1])
async def test_two_that_rely_on_a_counter_the_other_counts_up_are_never_both_done(
    store: Store, counted: int
) -> None:
    for number in range(100):
        one, two = 2 * number, 2 * number + 1
        for _ in range(counted):
            await store.apply(
                WriteSet("scheduling", counters=[Counter(one, None, True), Counter(two, None, True)])
            )
        await skewed(
            store,
            write_set(write(f"a{number}"), counters=[Counter(one, None, True), Counter(two, counted, False)]),
            write_set(write(f"b{number}"), counters=[Counter(two, None, True), Counter(one, counted, False)]),
        )


async def test_writers_of_the_same_rows_in_other_orders_do_not_deadlock(store: Store) -> None:
    ids = [f"r{number}" for number in range(10)]
    await store.apply(write_set(*map(write, ids)))

    async def update_all(order: list[str]) -> int:
        for attempt in range(200):
            current = {
                found.id: found
                for found in await store.read_many([("Appointment", i) for i in ids], EVERYTHING)
            }
            try:
                await store.apply(write_set(*(write(id_, current[id_].version) for id_ in order)))
            except Missed:
                continue
            return attempt
        raise AssertionError("never came through")

    started = monotonic()
    await asyncio.gather(*(update_all(ids if turn % 2 else ids[::-1]) for turn in range(8)))
    assert monotonic() - started < 8 * DEADLOCK_SECONDS
    assert await rows_of(store, "SELECT DISTINCT version FROM resource") == [(9,)]


async def test_the_victim_of_a_deadlock_is_tried_again(store: Store, dsn: str) -> None:
    """A stranger locks the rows in the other order and gives up none."""
    await store.apply(write_set(write("a"), write("b")))
    stranger = await asyncpg.connect(dsn, server_settings={"deadlock_timeout": "60s"})
    await stranger.execute("BEGIN; SELECT FROM scheduling.resource WHERE id = 'b' FOR UPDATE")
    applying = asyncio.create_task(store.apply(write_set(write("a", 1), write("b", 1))))
    while not await stranger.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
    await stranger.execute("SELECT FROM scheduling.resource WHERE id = 'a' FOR UPDATE")
    await stranger.execute("COMMIT")
    await applying
    assert await rows_of(store, "SELECT version FROM resource") == [(2,), (2,)]
    await stranger.close()
