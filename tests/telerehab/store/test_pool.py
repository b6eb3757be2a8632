"""The pool: turns in order, lost connections, nothing half done."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from telerehab.access import EVERYTHING
from telerehab.fhir.outcome import FhirError
from telerehab.store.pool import OutcomeUnknown, Pool, TookTooLong
from telerehab.store.store import Store
from telerehab.store.write import apply_all
from telerehab.write_set import Command, Missed, Repeated
from tests.telerehab.store.samples import SCHEDULING, audit_row, booked, rows_of, write, write_set


async def terminate_all(dsn: str) -> int:
    """Kill every connection of this test's pools."""
    connection = await asyncpg.connect(dsn)
    killed = await connection.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'telerehab %'"
    )
    await connection.close()
    return int(killed)


async def test_turns_come_in_the_order_of_asking(dsn: str) -> None:
    pool = Pool(dsn, schema="scheduling", size=2)
    order: list[int] = []

    async def take(number: int) -> None:
        async with pool.held():
            order.append(number)
            await asyncio.sleep(0)

    first, second = pool.held(), pool.held()
    await first.__aenter__()
    await second.__aenter__()
    tasks = [asyncio.create_task(take(number)) for number in range(20)]
    while pool.waiting < 20:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert pool.in_use == 2
    await first.__aexit__(None, None, None)
    late = asyncio.create_task(take(20))  # asks while a place is being handed on
    await second.__aexit__(None, None, None)
    await asyncio.gather(*tasks, late)
    assert order == list(range(21))
    assert (pool.in_use, pool.waiting) == (0, 0)
    await pool.close()


async def test_who_finds_too_many_waiting_is_refused(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telerehab.store.pool.MOST_WAITING", 1)
    pool = Pool(dsn, schema="scheduling", size=1)
    async with pool.held():
        waiting = asyncio.create_task(pool.fetch("SELECT 1"))
        await asyncio.sleep(0)
        assert pool.waiting == 1
        with pytest.raises(FhirError) as caught:
            await pool.fetch("SELECT 2")
    assert caught.value.status == 503
    assert [tuple(row) for row in await waiting] == [(1,)]
    await pool.close()


async def test_one_who_gives_up_waiting_takes_no_turn(dsn: str) -> None:
    pool = Pool(dsn, schema="scheduling", size=1)
    async with pool.held():
        gone = asyncio.create_task(pool.fetch("SELECT 1"))
        stays = asyncio.create_task(pool.fetch("SELECT 2"))
        while pool.waiting < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        gone.cancel()
    assert [tuple(row) for row in await stays] == [(2,)]
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert pool.in_use == 0
    await pool.close()


async def test_one_who_is_cancelled_as_its_turn_comes_hands_it_on(dsn: str) -> None:
    pool = Pool(dsn, schema="scheduling", size=1)
    held = pool.held()
    await held.__aenter__()
    gone = asyncio.create_task(pool.fetch("SELECT 1"))
    while not pool.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await held.__aexit__(None, None, None)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert [tuple(row) for row in await pool.fetch("SELECT 2")] == [(2,)]
    await pool.close()


async def test_a_cancelled_statement_leaves_its_connection_usable(dsn: str) -> None:
    pool = Pool(dsn, schema="scheduling", size=1)
    watcher = await asyncpg.connect(dsn)
    slow = asyncio.create_task(pool.fetch("SELECT pg_sleep(60)"))
    while not await watcher.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
        pass
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert [tuple(row) for row in await pool.fetch("SELECT 2")] == [(2,)]
    await watcher.close()
    await pool.close()


async def test_reads_go_on_over_killed_connections(store: Store, dsn: str) -> None:
    await store.apply(write_set(write("a")))
    for _ in range(3):
        assert await terminate_all(dsn) > 0
        found = await asyncio.gather(*(store.read("Appointment", "a", EVERYTHING) for _ in range(32)))
        assert all(found)
        await store.audit(audit_row("Appointment", "a"))


async def test_a_read_killed_on_its_way_is_tried_again(dsn: str) -> None:
    pool = Pool(dsn, schema="scheduling", size=1)
    sql = "SELECT pg_sleep(CASE WHEN (SELECT count(*) FROM resource) = 0 THEN 60 ELSE 0 END)"
    reading = asyncio.create_task(pool.fetch(sql))
    watcher = await asyncpg.connect(dsn)
    while not await watcher.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
        pass
    await watcher.execute(
        "INSERT INTO scheduling.resource (type, id, version, last_updated, deleted, method, splice, event_key,"
        " patients, tok) VALUES ('Slot', 'a', 1, now(), false, 'PUT', 0, '', '{}', '{}')"
    )
    await terminate_all(dsn)
    assert len(await reading) == 1
    await watcher.close()
    await pool.close()


async def blocked_write(
    store: Store, dsn: str, command: Command | None
) -> tuple[asyncpg.Connection, asyncio.Task[object]]:
    """A commit that waits for a lock which the returned connection holds."""
    blocker = await asyncpg.connect(dsn)
    await blocker.execute("BEGIN; LOCK TABLE scheduling.outbox")
    task: asyncio.Task[object] = asyncio.create_task(store.apply(write_set(write("a"), command=command)))
    while not await blocker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
    return blocker, task


async def test_a_write_killed_on_its_way_is_not_tried_again_and_leaves_nothing(
    store: Store, dsn: str
) -> None:
    blocker, task = await blocked_write(store, dsn, None)
    await terminate_all(dsn)
    with pytest.raises(OutcomeUnknown) as unknown:
        await task
    assert unknown.value.status == 503
    await blocker.close()
    for table in ("resource", "outbox", "audit"):
        assert await rows_of(store, f"SELECT FROM {table}") == []


async def test_a_command_killed_on_its_way_is_done_once(store: Store, dsn: str) -> None:
    blocker, task = await blocked_write(store, dsn, Command(b"key", b"request", b"answer"))
    await terminate_all(dsn)
    await blocker.close()
    await task
    assert await rows_of(store, "SELECT id, version FROM resource") == [("a", 1)]
    assert len(await rows_of(store, "SELECT FROM command")) == 1


async def test_without_a_database_all_answer_503(store: Store, dsn: str) -> None:
    pool = Pool(dsn.replace("/test_", "/absent_"), schema="scheduling", size=2)
    absent = Store(pool, SCHEDULING, b"key")
    for doing in (
        absent.read("Appointment", "a", EVERYTHING),
        absent.apply(write_set(write("a"))),
        absent.audit(audit_row("Appointment", "a")),
        absent.safe_time(),
    ):
        with pytest.raises(FhirError) as error:
            await doing
        assert error.value.status == 503
    await pool.close()


async def test_a_statement_that_takes_too_long_is_503(dsn: str) -> None:
    pool = Pool(dsn, schema="scheduling", size=1, statement_timeout=0.05)
    with pytest.raises(TookTooLong) as error:
        await pool.fetch("SELECT pg_sleep(60)")
    assert error.value.status == 503
    await pool.close()


async def test_writers_over_connections_killed_all_the_time_lose_and_double_nothing(
    store: Store, session_store: Store, dsn: str
) -> None:
    """Two schemas in one commit, retried by command until answered; then both hold the same, once."""
    done = 0
    statuses: set[int] = set()

    async def client(number: int) -> None:
        nonlocal done
        for turn in range(15):
            name = f"{number}-{turn}"
            write_sets = [
                write_set(write(name, type_="Encounter"), schema="session"),
                write_set(write(name), side_rows=booked((name, name, "[2099-01-01,2099-01-02)"))),
            ]
            command = Command(name.encode(), b"request", b"answer")
            while True:
                try:
                    await apply_all(store.pool, write_sets, command)
                except Repeated:
                    break
                except FhirError as error:
                    statuses.add(error.status)
                else:
                    break
            done += 1

    clients = [asyncio.create_task(client(number)) for number in range(16)]
    killed = 0
    while not all(task.done() for task in clients):
        before = done
        killed += await terminate_all(dsn)
        while done < before + 8 and not all(task.done() for task in clients):  # noqa: ASYNC110
            await asyncio.sleep(0)
    await asyncio.gather(*clients)
    assert killed > 16
    assert statuses <= {503}
    expected = {f"{number}-{turn}" for number in range(16) for turn in range(15)}
    for held, tables in ((store, ["resource", "booked_time"]), (session_store, ["resource"])):
        for table in tables:
            column = "id" if table == "resource" else "resource_id"
            found = [name for (name,) in await rows_of(held, f"SELECT {column} FROM {table}")]
            assert sorted(found) == sorted(expected)
        assert len(await rows_of(held, "SELECT FROM outbox")) == len(expected)


async def test_a_miss_in_one_schema_leaves_the_other_untouched(store: Store, session_store: Store) -> None:
    await session_store.apply(write_set(write("b", type_="Encounter"), schema="session"))
    good = write_set(write("a"))
    bad = write_set(write("b", type_="Encounter"), schema="session")
    for write_sets in ([good, bad], [bad, good]):
        with pytest.raises(Missed):
            await apply_all(store.pool, write_sets, Command(b"key", b"request", b"answer"))
    assert await rows_of(store, "SELECT FROM resource") == []
    assert await store.remembered(b"key") is None
    fine = replace(bad, rows=[write("c", type_="Encounter")])
    session, scheduling = await apply_all(store.pool, [fine, good], None)
    assert await rows_of(session_store, "SELECT last_updated FROM resource WHERE id = 'c'") == [
        tuple(session.last_updated)
    ]
    assert await rows_of(store, "SELECT last_updated FROM resource") == [tuple(scheduling.last_updated)]
