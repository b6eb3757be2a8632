"""What a commit does, and that a refused one does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest

from telerehab.access import EVERYTHING
from telerehab.fhir.search.rows import (
    BEGINNING,
    INFINITY,
    DateRow,
    IndexRows,
    NumberRow,
    ReferenceRow,
    StringRow,
)
from telerehab.store.store import Store
from telerehab.write_set import Command
from tests.telerehab.store.samples import booked, rows_of, write, write_set

NOON = datetime(2099, 1, 1, 12, tzinfo=UTC)


async def test_the_history_tells_by_which_method_a_version_came(store: Store) -> None:
    for expected, status in enumerate(["proposed", "booked", None, "booked"]):
        await store.apply(write_set(write("a", expected, status=status)))
    assert await rows_of(store, "SELECT version, method FROM history ORDER BY version") == [
        (1, "POST"),
        (2, "PUT"),
        (3, "DELETE"),
    ]


async def test_last_updated_grows_although_the_clock_stands_behind(store: Store) -> None:
    await store.apply(write_set(write("a")))
    ahead = NOON + timedelta(microseconds=3000)
    async with store.pool.held() as held:
        await (await held.connect()).execute("UPDATE resource SET last_updated = $1", ahead)
    applied = await store.apply(write_set(write("a", 1)))
    assert list(applied.last_updated) == [ahead + timedelta(milliseconds=1)]


async def test_times_come_in_the_order_of_the_write_set(store: Store) -> None:
    await store.apply(write_set(write("b")))
    async with store.pool.held() as held:
        await (await held.connect()).execute("UPDATE resource SET last_updated = $1", NOON)
    applied = await store.apply(write_set(write("c"), write("b", 1), write("a")))
    assert applied.last_updated[1] == NOON + timedelta(milliseconds=1)
    for id_, time in zip("cba", applied.last_updated, strict=True):
        read = await store.read("Appointment", id_, EVERYTHING)
        assert read is not None
        assert read.last_updated == time


async def test_index_rows_are_replaced_with_each_version(store: Store) -> None:
    index = IndexRows(
        "Appointment",
        "a",
        tokens=[-(2**63), 2**63 - 1],
        dates=[DateRow(1, BEGINNING, NOON)],
        strings=[StringRow(2, "é'; --", "É'; --")],
        numbers=[NumberRow(3, -INFINITY, Decimal("1.50"), "http://unitsofmeasure.org", "kg", "kg")],
        references=[ReferenceRow(4, "Patient", "p")],
    )
    other = write("b", index=replace(index, id="b"))
    await store.apply(write_set(write("a", index=index), other))
    assert await rows_of(store, "SELECT tok FROM resource") == [([-(2**63), 2**63 - 1],)] * 2
    assert (
        await rows_of(store, "SELECT parameter, lo = '-infinity', hi FROM search_date")
        == [(1, True, NOON)] * 2
    )
    assert await rows_of(store, "SELECT normalised, exact FROM search_string") == [("é'; --", "É'; --")] * 2
    assert (
        await rows_of(store, "SELECT lo::text, hi::text, system, code, unit FROM search_number")
        == [("-Infinity", "1.50", "http://unitsofmeasure.org", "kg", "kg")] * 2
    )
    await store.apply(
        write_set(
            write("a", 1, index=IndexRows("Appointment", "a", references=[ReferenceRow(4, "Patient", "q")]))
        )
    )
    names = "SELECT r.id, s.target_id FROM search_reference s JOIN resource r USING (rid) ORDER BY 1"
    assert await rows_of(store, names) == [("a", "q"), ("b", "p")]
    await store.apply(write_set(write("a", 2, status=None)))
    assert await rows_of(store, names) == [("b", "p")]


async def test_rows_that_no_longer_matter_are_left_out(store: Store) -> None:
    past = "[2001-01-01T12:00Z,2001-01-01T13:00Z)"
    await store.apply(write_set(write("a"), write("b"), side_rows=booked(("a", "x", past), ("b", "x", past))))
    assert await rows_of(store, "SELECT FROM booked_time") == []


async def test_booked_times_are_swapped_in_one_commit(store: Store) -> None:
    early, late = f"[{NOON},2099-01-01T13:00Z)", "[2099-01-01T13:00Z,2099-01-01T14:00Z)"
    await store.apply(
        write_set(write("a"), write("b"), side_rows=booked(("a", "x", early), ("b", "x", late)))
    )
    await store.apply(
        write_set(write("a", 1), write("b", 1), side_rows=booked(("a", "x", late), ("b", "x", early)))
    )
    order = await rows_of(store, "SELECT resource_id FROM booked_time ORDER BY lower(during)")
    assert order == [("b",), ("a",)]


HOSTILE = [
    "'; DROP TABLE resource; --",
    '"; DROP SCHEMA scheduling; --',
    "{1,2}",
    "(a,b)",
    "\\",
    "$1",
    "NULL",
    "é\u2028",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_is_never_sql(store: Store, text: str) -> None:
    row = write(text, patients=(text,))
    await store.apply(
        write_set(replace(row, type=text), side_rows=booked((text, text, f"[{NOON},2100-01-01)")))
    )
    read = await store.read(text, text, EVERYTHING)
    assert read is not None
    assert (read.text, read.patients) == (row.text, [text])
    assert [found.id for found in await store.read_many([(text, text), (text, "x")], EVERYTHING)] == [text]
    assert await rows_of(store, "SELECT actor, resource_id FROM booked_time") == [(text, text)]


async def test_commands_are_forgotten_after_a_day(store: Store, dsn: str) -> None:
    for key in (b"old", b"young"):
        await store.apply(write_set(command=Command(key, b"request", b"answer")))
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "UPDATE scheduling.command SET created = created -"
        " CASE key WHEN 'old' THEN interval '25 hours' ELSE '23 hours' END"
    )
    await connection.close()
    await store.apply(write_set(command=Command(b"new", b"request", b"answer")))
    assert await rows_of(store, "SELECT key FROM command ORDER BY key") == [(b"new",), (b"young",)]
