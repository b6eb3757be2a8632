"""What a commit does, and that a refused one does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

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
from telerehab.write_set import AlreadyHandled, Command, Counter, Guard, InboxRow, Missed, Repeated, Violated
from tests.telerehab.store.samples import booked, event, rows_of, write, write_set

NOON = datetime(2099, 1, 1, 12, tzinfo=UTC)
TABLES = (
    "resource",
    "history",
    "search_date",
    "search_string",
    "search_number",
    "search_reference",
    "counter",
    "outbox",
    "inbox",
    "audit",
    "booked_time",
    "command",
)


async def counts(store: Store) -> dict[str, int]:
    return {table: (await rows_of(store, f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}


async def test_a_created_resource_is_read_back_as_it_was(store: Store) -> None:
    row = write("a", patients=("p",))
    applied = await store.apply(write_set(row))
    read = await store.read("Appointment", "a", EVERYTHING)
    assert read is not None
    assert (read.version, read.deleted, read.text, read.splice) == (1, False, row.text, row.splice)
    assert [read.last_updated] == list(applied.last_updated)
    assert read.patients == ["p"]
    assert await store.read("Appointment", "b", EVERYTHING) is None


async def test_versions_follow_each_other_through_update_delete_and_undelete(store: Store) -> None:
    times: list[datetime] = []
    for expected, status in enumerate(["proposed", "booked", None, "booked"]):
        applied = await store.apply(write_set(write("a", expected, status=status)))
        times += applied.last_updated
    assert times == sorted(set(times))
    found = [await store.version("Appointment", "a", number, EVERYTHING) for number in range(1, 6)]
    assert [version and version.deleted for version in found] == [False, False, True, False, None]
    assert [version.last_updated for version in found if version] == times
    assert [version.content["status"] for version in found if version and not version.deleted] == [
        "proposed",
        "booked",
        "booked",
    ]
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


MISSES = {
    "a new row that exists": {"rows": [write("new"), write("there")]},
    "a row of another version": {"rows": [write("new"), write("there", 2)]},
    "a row that is not there": {"rows": [write("new"), write("other", 1)]},
    "a guard of another version": {"rows": [write("new")], "guards": [Guard("Appointment", "there", 2)]},
    "a guard on what is not there": {"rows": [write("new")], "guards": [Guard("Appointment", "other", 1)]},
    "a guard on absence of what is there": {
        "rows": [write("new")],
        "guards": [Guard("Appointment", "there", 0)],
    },
    "a counter of another value": {
        "rows": [write("new")],
        "counters": [Counter(1, None, True), Counter(5, 2, True)],
    },
    "a counter relied on only": {"rows": [write("new")], "counters": [Counter(5, 2, False)]},
    "a counter that is not 0 any more": {"rows": [write("new")], "counters": [Counter(5, 0, True)]},
}


@pytest.mark.parametrize("parts", MISSES.values(), ids=MISSES.keys())
async def test_a_miss_leaves_nothing(store: Store, parts: dict[str, Any]) -> None:
    await store.apply(write_set(write("there"), counters=[Counter(5, None, True)]))
    before = await counts(store)
    with pytest.raises(Missed):
        await store.apply(
            write_set(
                **{
                    "outbox": [event("Appointment/new")],
                    "side_rows": booked(("new", "x", f"[{NOON},2100-01-01)")),
                    **parts,
                }
            )
        )
    assert await counts(store) == before


async def test_guards_that_hold_let_the_commit_through(store: Store) -> None:
    await store.apply(write_set(write("there"), write("gone"), counters=[Counter(5, None, True)]))
    await store.apply(write_set(write("gone", 1, status=None)))
    guards = [
        Guard("Appointment", "there", 1),
        Guard("Appointment", "gone", 2),
        Guard("Appointment", "never", 0),
    ]
    await store.apply(
        write_set(
            write("new"),
            guards=guards,
            counters=[Counter(5, 1, False), Counter(6, 0, False), Counter(7, 0, True)],
        )
    )
    assert await store.counters([5, 6, 7, 8]) == {5: 1, 6: 0, 7: 1, 8: 0}
    assert await store.read("Appointment", "never", EVERYTHING) is None


async def test_an_event_is_handled_once(store: Store) -> None:
    inbox = [InboxRow(str(uuid4()), "plan_encounter")]
    await store.apply(write_set(write("a"), inbox=inbox))
    before = await counts(store)
    with pytest.raises(AlreadyHandled):
        await store.apply(write_set(write("b"), inbox=inbox))
    assert await counts(store) == before


async def test_a_constraint_refuses_and_names_itself_alone(store: Store) -> None:
    await store.apply(
        write_set(write("a"), side_rows=booked(("a", "Practitioner/1", f"[{NOON},2099-01-01T13:00Z)")))
    )
    before = await counts(store)
    with pytest.raises(Violated) as refused:
        await store.apply(
            write_set(write("b"), side_rows=booked(("b", "Practitioner/1", f"[{NOON},2099-01-01T12:30Z)")))
        )
    assert (refused.value.schema, refused.value.constraint) == ("scheduling", "booked_time_no_overlap")
    assert "Practitioner" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert await counts(store) == before


async def test_rows_that_collide_within_one_write_set_are_refused(store: Store) -> None:
    rows = booked(
        ("a", "Practitioner/1", f"[{NOON},2099-01-01T13:00Z)"),
        ("b", "Practitioner/1", f"[{NOON},2099-01-01T12:30Z)"),
    )
    with pytest.raises(Violated):
        await store.apply(write_set(write("a"), write("b"), side_rows=rows))


async def test_rows_that_no_longer_matter_are_left_out(store: Store) -> None:
    past = "[2001-01-01T12:00Z,2001-01-01T13:00Z)"
    await store.apply(write_set(write("a"), write("b"), side_rows=booked(("a", "x", past), ("b", "x", past))))
    assert (await counts(store))["booked_time"] == 0


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


async def test_a_repeated_command_gets_its_first_answer(store: Store) -> None:
    command = Command(b"caller and key", b"request", b"answer")
    applied = await store.apply(write_set(write("a"), command=command))
    before = await counts(store)
    for rows in ([write("a")], [write("b")]):
        with pytest.raises(Repeated) as repeated:
            await store.apply(write_set(*rows, command=replace(command, request=b"other", answer=b"other")))
        first = repeated.value.first
        assert (first.request, first.answer, first.times) == (b"request", b"answer", applied.last_updated)
    assert await counts(store) == before
    assert await store.remembered(b"caller and key") == first
    assert await store.remembered(b"another") is None


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
