"""History pages and the access predicate on every read."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import pytest

from telerehab.access import EVERYTHING, Access
from telerehab.fhir.outcome import FhirError
from telerehab.store.history import HistoryPage, Scope
from telerehab.store.store import Store
from tests.telerehab.store.samples import write, write_set

ALICE = Access(frozenset({"alice"}))
ALICE_AND_SLOTS = Access(frozenset({"alice"}), frozenset({"Slot"}))
INSTANCE, TYPE, SERVICE = Scope("Appointment", "a"), Scope("Appointment"), Scope()


def listed(page: HistoryPage) -> list[tuple[str, str, int]]:
    return [
        (version.method, version.resource.reference, version.resource.version) for version in page.versions
    ]


@pytest.fixture
async def times(store: Store) -> list[datetime]:
    """Five versions of three resources, written one after the other."""
    moments: list[datetime] = []
    for row in [
        write("a"),
        write("s", type_="Slot"),
        write("a", 1),
        write("b"),
        write("a", 2, status=None),
    ]:
        moments += (await store.apply(write_set(row))).last_updated
        while await store.safe_time() <= moments[-1]:
            pass
    return moments


ALL = [
    ("DELETE", "Appointment/a", 3),
    ("POST", "Appointment/b", 1),
    ("PUT", "Appointment/a", 2),
    ("POST", "Slot/s", 1),
    ("POST", "Appointment/a", 1),
]
OF_TYPE = [entry for entry in ALL if entry[1] != "Slot/s"]
OF_A = [entry for entry in ALL if entry[1] == "Appointment/a"]


@pytest.mark.parametrize(("scope", "expected"), [(SERVICE, ALL), (TYPE, OF_TYPE), (INSTANCE, OF_A)])
async def test_history_is_newest_first_at_each_level(
    store: Store, times: list[datetime], scope: Scope, expected: list[tuple[str, str, int]]
) -> None:
    page = await store.history(scope, EVERYTHING, count=10)
    assert listed(page) == expected
    assert (page.next, page.until) == (None, None)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(("scope", "expected"), [(SERVICE, ALL), (TYPE, OF_TYPE), (INSTANCE, OF_A)])
async def test_pages_together_are_the_whole_whatever_is_written_meanwhile(
    store: Store, times: list[datetime], scope: Scope, expected: list[tuple[str, str, int]], count: int
) -> None:
    found, cursor, written = [], None, 0
    while True:
        page = await store.history(scope, EVERYTHING, count=count, cursor=cursor)
        found += listed(page)
        cursor = page.next
        if cursor is None:
            break
        written += 1
        await store.apply(write_set(write(f"later{written}")))
    assert found == expected


async def test_versions_of_one_commit_are_paged_without_loss(store: Store) -> None:
    await store.apply(
        write_set(
            *(write(f"r{number}", type_=type_) for type_ in ("Slot", "Appointment") for number in range(5))
        )
    )
    found, cursor = [], None
    for _ in range(5):
        page = await store.history(SERVICE, EVERYTHING, count=2, cursor=cursor)
        found += listed(page)
        cursor = page.next
    assert cursor is None
    assert len(set(found)) == 10


async def test_since_is_inclusive_and_ends_at_the_safe_time(store: Store, times: list[datetime]) -> None:
    page = await store.history(SERVICE, EVERYTHING, since=times[2], count=10)
    assert listed(page) == ALL[:3]
    assert page.until is not None
    assert page.until > times[-1]


async def test_an_open_transaction_holds_the_safe_time_back(store: Store, dsn: str) -> None:
    writer = await asyncpg.connect(dsn)
    transaction = writer.transaction()
    await transaction.start()
    await writer.execute("SELECT 1")
    began = await writer.fetchval("SELECT now()")
    await store.apply(write_set(write("a")))
    page = await store.history(SERVICE, EVERYTHING, since=began - timedelta(seconds=1), count=10)
    assert listed(page) == []
    assert page.until is not None
    assert page.until <= began
    await transaction.commit()
    page = await store.history(SERVICE, EVERYTHING, since=page.until, count=10)
    assert listed(page) == [("POST", "Appointment/a", 1)]
    await writer.close()


async def test_at_finds_what_was_current_in_a_span_of_time(store: Store, times: list[datetime]) -> None:
    instant = timedelta(milliseconds=1)
    for moment, expected in [
        (times[0] - instant, []),
        (times[0], [ALL[4]]),
        (times[2], [ALL[2], ALL[3]]),
        (times[4], [ALL[0], ALL[1], ALL[3]]),
    ]:
        page = await store.history(SERVICE, EVERYTHING, at=(moment, moment + instant), count=10)
        assert listed(page) == expected
    page = await store.history(INSTANCE, EVERYTHING, at=(times[0], times[2] + instant), count=10)
    assert listed(page) == [ALL[2], ALL[4]]


async def test_a_cursor_opens_only_where_it_was_made(store: Store, times: list[datetime]) -> None:
    cursor = (await store.history(SERVICE, EVERYTHING, count=1)).next
    assert cursor is not None
    altered = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for scope, access, text in [
        (TYPE, EVERYTHING, cursor),
        (SERVICE, ALICE, cursor),
        (SERVICE, EVERYTHING, altered),
        (SERVICE, EVERYTHING, "x"),
        (SERVICE, EVERYTHING, "é"),
        (SERVICE, EVERYTHING, ""[:0] + "%%%"),
    ]:
        with pytest.raises(FhirError) as refused:
            await store.history(scope, access, count=1, cursor=text)
        assert refused.value.status == 410


@pytest.fixture
async def compartments(store: Store) -> None:
    """`moved-in` was bob's and is alice's, `moved-out` the other way round."""
    for row in [
        write("alice's", patients=("alice",)),
        write("bob's", patients=("bob",)),
        write("both", patients=("bob", "alice")),
        write("nobody's"),
        write("s", type_="Slot"),
        write("moved-in", patients=("bob",)),
        write("moved-in", 1, patients=("alice",)),
        write("moved-out", patients=("alice",)),
        write("moved-out", 1, patients=("bob",)),
        write("deleted", patients=("bob",)),
        write("deleted", 1, status=None, patients=("bob",)),
    ]:
        await store.apply(write_set(row))


VISIBLE = {"alice's": {1}, "both": {1}, "moved-in": {2}}
IDS = ["alice's", "bob's", "both", "nobody's", "moved-in", "moved-out", "deleted", "absent"]


@pytest.mark.usefixtures("compartments")
@pytest.mark.parametrize("id_", IDS)
async def test_a_hidden_version_is_the_same_as_none(store: Store, id_: str) -> None:
    current = await store.read("Appointment", id_, ALICE)
    assert (current is not None) == (id_ in VISIBLE)
    found = {number for number in (1, 2) if await store.version("Appointment", id_, number, ALICE)}
    assert found == VISIBLE.get(id_, set())
    page = await store.history(Scope("Appointment", id_), ALICE, count=10)
    assert {version.resource.version for version in page.versions} == VISIBLE.get(id_, set())


@pytest.mark.usefixtures("compartments")
async def test_reads_of_several_and_wide_histories_leave_hidden_rows_out(store: Store) -> None:
    wanted = [("Appointment", id_) for id_ in IDS] + [("Slot", "s")]
    shown = sorted((id_, number) for id_, numbers in VISIBLE.items() for number in numbers)
    for access, slots in [(ALICE, []), (ALICE_AND_SLOTS, [("s", 1)])]:
        found = await store.read_many(wanted, access)
        assert sorted((each.id, each.version) for each in found) == sorted(shown + slots)
        page = await store.history(SERVICE, access, count=100)
        assert sorted((v.resource.id, v.resource.version) for v in page.versions) == sorted(shown + slots)
    assert await store.read("Slot", "s", ALICE) is None
    assert await store.read("Slot", "s", ALICE_AND_SLOTS) is not None
    assert len(await store.read_many(wanted, EVERYTHING)) == 7
