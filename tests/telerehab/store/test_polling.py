"""A poller that goes on from where its last page ended sees every version, however writers overlap."""

from __future__ import annotations

import asyncio

import asyncpg

from telerehab.access import EVERYTHING
from telerehab.store.history import Scope
from telerehab.store.store import Store
from tests.telerehab.store.samples import write, write_set

WRITERS, TURNS = 8, 25


async def test_a_poller_loses_no_version(store: Store, dsn: str) -> None:
    """Some writers commit at once, some hold their transaction open after `apply` has given the time."""
    written: set[tuple[str, int]] = set()

    async def write_quickly(name: str) -> None:
        for turn in range(TURNS):
            await store.apply(write_set(write(name, turn)))
            written.add((name, turn + 1))

    async def write_slowly(name: str) -> None:
        connection = await asyncpg.connect(dsn, server_settings={"search_path": "scheduling"})
        for turn in range(TURNS):
            async with connection.transaction():
                await connection.execute(
                    "INSERT INTO resource (type, id, version, last_updated, deleted, method, splice, event_key,"
                    " patients, tok) VALUES ('Appointment', $1, 1, date_trunc('milliseconds', clock_timestamp()),"
                    " false, 'PUT', 0, '', '{}', '{}')",
                    name + str(turn),
                )
                await store.safe_time()  # others commit and poll meanwhile
                await store.safe_time()
            written.add((name + str(turn), 1))
        await connection.close()

    writers = asyncio.gather(
        *(write_quickly(f"q{number}") for number in range(WRITERS)),
        *(write_slowly(f"s{number}-") for number in range(WRITERS)),
    )
    seen: set[tuple[str, int]] = set()
    since = await store.safe_time()

    async def poll() -> None:
        nonlocal since
        cursor, until = None, since
        while True:
            page = await store.history(Scope("Appointment"), EVERYTHING, since=since, count=50, cursor=cursor)
            seen.update((version.resource.id, version.resource.version) for version in page.versions)
            until, cursor = page.until or until, page.next
            if cursor is None:
                break
        since = until

    while not writers.done():
        await poll()
    await writers
    newest = (await store.history(Scope("Appointment"), EVERYTHING, count=1)).versions[0].resource
    assert newest.last_updated is not None
    while since <= newest.last_updated:
        await poll()
    assert len(written) == 2 * WRITERS * TURNS
    assert seen == written
