"""What every store promises of a commit; one is put through it by a fixture of its name in `STORES`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

import pytest

from telerehab.access import EVERYTHING, Access
from telerehab.resource import Resource
from telerehab.store.store import Store
from telerehab.write_set import (
    AlreadyHandled,
    Applied,
    Command,
    Counter,
    Guard,
    InboxRow,
    Missed,
    Remembered,
    Repeated,
    Violated,
    WriteSet,
)
from tests.simulation.memory_store import MemoryStore
from tests.simulation.schema import Schema
from tests.simulation.wire import DirectWire
from tests.telerehab.store.samples import booked, event, rows_of, write, write_set

STORES = ["postgres_stored", "memory_stored"]
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


class Stored(Protocol):
    """What of a store is used here; `counts` tells how much each of its tables holds."""

    async def read(self, type_: str, id_: str, access: Access) -> Resource | None: ...

    async def version(self, type_: str, id_: str, version: int, access: Access) -> Resource | None: ...

    async def counters(self, keys: Sequence[int]) -> dict[int, int]: ...

    async def apply(self, write_set: WriteSet) -> Applied: ...

    async def remembered(self, key: bytes) -> Remembered | None: ...

    async def counts(self) -> dict[str, int]: ...


class PostgresStored:
    """The store itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def counts(self) -> dict[str, int]:
        return {
            table: (await rows_of(self._store, f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES
        }


class MemoryStored(MemoryStore):
    """The store of the simulation, in which nobody has two appointments at a time."""

    def __init__(self) -> None:
        overlap = ("booked_time_no_overlap", overlapping)
        self.schema = Schema("scheduling", lambda: datetime.now(UTC), {"booked_time": overlap})
        super().__init__(self.schema, DirectWire())

    async def counts(self) -> dict[str, int]:
        schema = self.schema
        return {
            "versions": sum(map(len, schema.versions.values())),
            "counter": len(schema.counters),
            "outbox": len(schema.outbox),
            "inbox": len(schema.inbox),
            "audit": len(schema.audit),
            "booked_time": len(schema.side_rows.get("booked_time", [])),
            "command": len(schema.commands),
        }


def overlapping(one: Any, other: Any) -> bool:
    """Whether two rows of booked_time are of one actor and share a moment."""
    (start, end), (other_start, other_end) = ends(one["during"]), ends(other["during"])
    return bool(one["actor"] == other["actor"] and start < other_end and other_start < end)


def ends(during: str) -> tuple[datetime, datetime]:
    start, end = (datetime.fromisoformat(text) for text in during[1:-1].split(","))
    return start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)


@pytest.fixture
def postgres_stored(store: Store) -> PostgresStored:
    return PostgresStored(store)


@pytest.fixture
def memory_stored() -> MemoryStored:
    return MemoryStored()


@pytest.fixture(params=STORES)
def any_store(request: pytest.FixtureRequest) -> Stored:
    found: Stored = request.getfixturevalue(request.param)
    return found


async def test_a_created_resource_is_read_back_as_it_was(any_store: Stored) -> None:
    row = write("a", patients=("p",))
    applied = await any_store.apply(write_set(row))
    read = await any_store.read("Appointment", "a", EVERYTHING)
    assert read is not None
    assert (read.version, read.deleted, read.text, read.splice) == (1, False, row.text, row.splice)
    assert [read.last_updated] == list(applied.last_updated)
    assert read.patients == ["p"]
    assert await any_store.read("Appointment", "b", EVERYTHING) is None


async def test_versions_follow_each_other_through_update_delete_and_undelete(any_store: Stored) -> None:
    times: list[datetime] = []
    for expected, status in enumerate(["proposed", "booked", None, "booked"]):
        applied = await any_store.apply(write_set(write("a", expected, status=status)))
        times += applied.last_updated
    assert times == sorted(set(times))
    found = [await any_store.version("Appointment", "a", number, EVERYTHING) for number in range(1, 6)]
    assert [version and version.deleted for version in found] == [False, False, True, False, None]
    assert [version.last_updated for version in found if version] == times
    assert [version.content["status"] for version in found if version and not version.deleted] == [
        "proposed",
        "booked",
        "booked",
    ]


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
async def test_a_miss_leaves_nothing(any_store: Stored, parts: dict[str, Any]) -> None:
    await any_store.apply(write_set(write("there"), counters=[Counter(5, None, True)]))
    before = await any_store.counts()
    with pytest.raises(Missed):
        await any_store.apply(
            write_set(
                **{
                    "outbox": [event("Appointment/new")],
                    "side_rows": booked(("new", "x", f"[{NOON},2100-01-01)")),
                    **parts,
                }
            )
        )
    assert await any_store.counts() == before


async def test_guards_that_hold_let_the_commit_through(any_store: Stored) -> None:
    await any_store.apply(write_set(write("there"), write("gone"), counters=[Counter(5, None, True)]))
    await any_store.apply(write_set(write("gone", 1, status=None)))
    guards = [
        Guard("Appointment", "there", 1),
        Guard("Appointment", "gone", 2),
        Guard("Appointment", "never", 0),
    ]
    await any_store.apply(
        write_set(
            write("new"),
            guards=guards,
            counters=[Counter(5, 1, False), Counter(6, 0, False), Counter(7, 0, True)],
        )
    )
    assert await any_store.counters([5, 6, 7, 8]) == {5: 1, 6: 0, 7: 1, 8: 0}
    assert await any_store.read("Appointment", "never", EVERYTHING) is None


async def test_an_event_is_handled_once(any_store: Stored) -> None:
    inbox = [InboxRow(str(uuid4()), "plan_encounter")]
    await any_store.apply(write_set(write("a"), inbox=inbox))
    before = await any_store.counts()
    with pytest.raises(AlreadyHandled):
        await any_store.apply(write_set(write("b"), inbox=inbox))
    assert await any_store.counts() == before


async def test_a_constraint_refuses_and_names_itself_alone(any_store: Stored) -> None:
    await any_store.apply(
        write_set(write("a"), side_rows=booked(("a", "Practitioner/1", f"[{NOON},2099-01-01T13:00Z)")))
    )
    before = await any_store.counts()
    with pytest.raises(Violated) as refused:
        await any_store.apply(
            write_set(write("b"), side_rows=booked(("b", "Practitioner/1", f"[{NOON},2099-01-01T12:30Z)")))
        )
    assert (refused.value.schema, refused.value.constraint) == ("scheduling", "booked_time_no_overlap")
    assert "Practitioner" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert await any_store.counts() == before


async def test_rows_that_collide_within_one_write_set_are_refused(any_store: Stored) -> None:
    rows = booked(
        ("a", "Practitioner/1", f"[{NOON},2099-01-01T13:00Z)"),
        ("b", "Practitioner/1", f"[{NOON},2099-01-01T12:30Z)"),
    )
    with pytest.raises(Violated):
        await any_store.apply(write_set(write("a"), write("b"), side_rows=rows))


async def test_a_repeated_command_gets_its_first_answer(any_store: Stored) -> None:
    command = Command(b"caller and key", b"request", b"answer")
    applied = await any_store.apply(write_set(write("a"), command=command))
    before = await any_store.counts()
    for rows in ([write("a")], [write("b")]):
        with pytest.raises(Repeated) as repeated:
            await any_store.apply(
                write_set(*rows, command=replace(command, request=b"other", answer=b"other"))
            )
        first = repeated.value.first
        assert (first.request, first.answer, first.times) == (b"request", b"answer", applied.last_updated)
    assert await any_store.counts() == before
    assert await any_store.remembered(b"caller and key") == first
    assert await any_store.remembered(b"another") is None
