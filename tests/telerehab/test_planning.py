"""The write set of a unit of work, and what its commit leaves: rows, side rows, counters, events, audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from telerehab import identity
from telerehab.access import EVERYTHING, Caller
from telerehab.change import Change, Refuse, Rule, Verdict, Write, rule
from telerehab.engine import Engine
from telerehab.event import Event
from telerehab.fhir.json import JsonObject
from telerehab.fhir.outcome import FhirError
from telerehab.observability.request import Request, working_on
from telerehab.pb.telerehab.events.v1.resource_pb2 import ResourceChanged
from telerehab.projection import Row, heard, projection
from telerehab.resource import Resource
from telerehab.service import Service
from telerehab.store.migrate import migrate
from telerehab.unit_of_work import UnitOfWork
from telerehab.write_set import Counter, WriteSet
from tests.telerehab.basics import CALLER, announced, basic, delete, new_ids, put
from tests.telerehab.conftest import Serve
from tests.telerehab.server.conftest import engine_of

SAME = "Basic?subject={Basic.subject}"
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def nothing_said(change: Change) -> Iterator[Verdict]:
    yield from ()


COUNTING = Rule("counts", ("Basic",), nothing_said, {"same": SAME})


async def planned(engine: Engine, *contents: JsonObject) -> WriteSet:
    work = UnitOfWork(engine, CALLER)
    for content in contents:
        await work.put(content)
    return await work.plan()


# Rows


async def test_rows_come_in_the_order_of_planning_with_what_they_replace(serve: Serve) -> None:
    engine = await serve()
    changed, deleted, made = new_ids(3)
    await put(engine, basic(changed), basic(deleted))
    work = UnitOfWork(engine, CALLER)
    work.create(basic(made), entry=2)
    await work.delete("Basic", deleted, entry=0)
    await work.put(basic(changed, "off"), entry=1)
    rows = (await work.plan()).rows
    assert [(row.id, row.method, row.expected, row.entry) for row in rows] == [
        (made, "POST", 0, 2),
        (deleted, "DELETE", 1, 0),
        (changed, "PUT", 1, 1),
    ]
    assert [row.text is None for row in rows] == [False, True, False]


async def test_a_deleted_resource_is_in_no_index_but_stays_in_its_compartments(serve: Serve) -> None:
    engine = await serve()
    id_, patient = new_ids(2)
    await put(engine, basic(id_, "on", f"Patient/{patient}"))
    work = UnitOfWork(engine, CALLER)
    await work.delete("Basic", id_)
    (row,) = (await work.plan()).rows
    assert (row.index.patients, row.index.references, row.index.tokens) == ([patient], [], [])
    await delete(engine, id_)
    found = await engine.store.read("Basic", id_, EVERYTHING)
    assert found is not None
    assert (found.deleted, found.patients) == (True, [patient])


# Counters


async def test_counters_are_counted_up_by_values_before_and_after(serve: Serve) -> None:
    engine = await serve(COUNTING)
    id_, old, new = new_ids(3)
    keys = dict(
        zip(("old", "new"), engine.counted_keys(SAME, [f"Patient/{old}", f"Patient/{new}"]), strict=True)
    )
    await put(engine, basic(id_, "on", f"Patient/{old}"))
    assert await engine.store.counters([*keys.values()]) == {keys["old"]: 1, keys["new"]: 0}
    await put(engine, basic(id_, "on", f"Patient/{new}"))
    assert await engine.store.counters([*keys.values()]) == {keys["old"]: 2, keys["new"]: 1}
    await put(engine, basic(id_, "off", f"Patient/{new}"))
    assert await engine.store.counters([*keys.values()]) == {keys["old"]: 2, keys["new"]: 2}
    await delete(engine, id_)
    assert await engine.store.counters([*keys.values()]) == {keys["old"]: 2, keys["new"]: 3}


async def test_a_counter_relied_on_is_still_relied_on_where_it_is_counted_up(serve: Serve) -> None:
    engine = await serve(COUNTING)
    id_, old, new = new_ids(3)
    await put(engine, basic(id_, "on", f"Patient/{old}"))
    write_set = await planned(engine, basic(id_, "on", f"Patient/{new}"))
    keys = engine.counted_keys(SAME, [f"Patient/{old}", f"Patient/{new}"])
    expected = [Counter(keys[0], 1, bump=True), Counter(keys[1], 0, bump=True)]
    assert sorted(write_set.counters, key=repr) == sorted(expected, key=repr)


async def test_only_what_a_rule_searches_by_is_counted(serve: Serve) -> None:
    engine, uncounted = await serve(COUNTING), await serve()
    id_, author = new_ids(2)
    content = basic(id_, author={"reference": f"Practitioner/{author}"})
    assert (await planned(engine, content)).counters == []
    assert (await planned(uncounted, basic(id_, "on", "Patient/1"))).counters == []
    assert engine.counted == {next(iter(engine.counted)): "Basic.subject"}


# Events


async def outbox(engine: Engine, id_: str) -> list[Any]:
    return await engine.store.pool.fetch(
        "SELECT * FROM outbox WHERE subject = $1 ORDER BY id", f"Basic/{id_}"
    )


async def test_every_row_is_said_to_have_changed(serve: Serve) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    with working_on(Request("records", "r", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")):
        await put(engine, basic(id_))
        await put(engine, basic(id_, "off"))
        await delete(engine, id_)
    rows = await outbox(engine, id_)
    messages = [ResourceChanged.FromString(row["payload"]) for row in rows]
    assert [(m.type, m.id, m.version, m.method) for m in messages] == [
        ("Basic", id_, 1, "PUT"),
        ("Basic", id_, 2, "PUT"),
        ("Basic", id_, 3, "DELETE"),
    ]
    assert {(row["topic"], row["cause"], row["depth"]) for row in rows} == {("telerehab.records", "", 0)}
    assert all(row["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-") for row in rows)
    assert len({row["event_id"] for row in rows}) == 3


async def test_what_an_event_causes_names_it_and_is_one_deeper(serve: Serve) -> None:
    engine = await serve()
    (id_,) = new_ids(1)
    heard_event = Event(
        "0190aaaa-0000-7000-8000-00000000000a", b"key", "Slot/1", NOW, ResourceChanged(), depth=2
    )
    work = UnitOfWork(engine, CALLER, event=heard_event)
    work.emit(announced("made"), work.create(basic(id_)))
    write_set = await work.plan()
    assert {(row.cause, row.depth) for row in write_set.outbox} == {(heard_event.id, 3)}
    assert len(write_set.outbox) == 2


def keyed(engine: Engine, id_: str) -> bytes:
    return identity.event_key(engine.event_secret, id_)


async def test_events_are_ordered_by_the_first_patient_or_by_the_resource(serve: Serve) -> None:
    engine = await serve()
    about, alone, patient, other = new_ids(4)
    await put(engine, basic(about, "1", f"Patient/{patient}"))
    await put(engine, basic(about, "2", f"Patient/{other}"))
    await delete(engine, about)
    await put(engine, basic(alone))
    assert {bytes(row["key"]) for row in await outbox(engine, about)} == {keyed(engine, patient)}
    assert {bytes(row["key"]) for row in await outbox(engine, alone)} == {keyed(engine, alone)}


async def test_what_is_said_of_a_form_that_a_rule_rewrote_keeps_the_resources_key(serve: Serve) -> None:
    @rule("Basic", when=lambda change: change.after is not None and change.content["code"]["text"] == "raw")
    def cooked(change: Change) -> Iterator[Verdict]:
        yield Write({**change.content, "code": {"text": "cooked"}})

    engine = await serve(cooked)
    id_, patient, other = new_ids(3)
    await put(engine, basic(id_, "1", f"Patient/{patient}"))

    async def act(work: UnitOfWork) -> None:
        work.emit(announced("changed"), await work.put(basic(id_, "raw", f"Patient/{other}")))

    await engine.run(CALLER, act)
    rows = await outbox(engine, id_)
    assert [bytes(row["key"]) for row in rows] == [keyed(engine, patient)] * 3


# Audit


async def test_who_did_what_to_which_version_is_kept(serve: Serve) -> None:
    engine = await serve()
    id_, patient = new_ids(2)
    await put(engine, basic(id_, "on", f"Patient/{patient}"))
    await put(engine, basic(id_, "off", f"Patient/{patient}"))
    await delete(engine, id_)
    with pytest.raises(FhirError):
        await put(engine, basic(id_, nonsense=True))
    rows = await engine.store.pool.fetch("SELECT * FROM audit WHERE resource_id = $1 ORDER BY id", id_)
    assert [(row["action"], row["version"], row["outcome"]) for row in rows] == [
        ("C", 1, 200),
        ("U", 2, 200),
        ("D", 3, 200),
    ]
    assert [row["patients"] for row in rows] == [[patient]] * 3
    first = rows[0]
    assert (first["request_id"], first["caller"], first["address"], first["type"]) == (
        "request-1",
        "tester",
        "127.0.0.1",
        "Basic",
    )


# Side rows

TAKEN = Refuse("That time is taken.", "Appointment.participant", code="conflict", status=409)


@projection("Appointment", table="booked_time", violations={"booked_time_no_overlap": TAKEN})
def booked_time(appointment: Resource) -> Iterator[Row]:
    for participant in appointment.content["participant"]:
        content = appointment.content
        yield {
            "actor": participant["actor"]["reference"],
            "during": f"[{content['start']},{content['end']})",
        }


MIGRATIONS = Path(__file__).parent / "store" / "migrations_booked_time"
BOOKING = Service("scheduling", projections=[booked_time], migrations=MIGRATIONS)
HEARING = Service("session", projections=[heard("booked_time")], migrations=MIGRATIONS)


@pytest.fixture
async def booking(database: str) -> AsyncIterator[Engine]:
    await migrate(database, [BOOKING, HEARING])
    async with engine_of(BOOKING, database) as engine:
        yield engine


@pytest.fixture
async def hearing(booking: Engine, database: str) -> AsyncIterator[Engine]:
    async with engine_of(HEARING, database) as engine:
        yield engine


def appointment(id_: str, *actors: str, hour: int = 9) -> JsonObject:
    return {
        "resourceType": "Appointment",
        "id": id_,
        "status": "booked",
        "start": f"2026-03-03T{hour:02}:00:00Z",
        "end": f"2026-03-03T{hour:02}:30:00Z",
        "participant": [{"actor": {"reference": actor}, "status": "accepted"} for actor in actors],
    }


async def booked(engine: Engine) -> set[tuple[str, str]]:
    rows = await engine.store.pool.fetch("SELECT resource_id, actor FROM booked_time")
    return {(row["resource_id"], row["actor"]) for row in rows}


async def test_side_rows_follow_their_resource(booking: Engine) -> None:
    await put(booking, appointment("a", "Patient/1", "Patient/2"), appointment("b", "Patient/1", hour=10))
    assert await booked(booking) == {("a", "Patient/1"), ("a", "Patient/2"), ("b", "Patient/1")}
    await put(booking, appointment("a", "Patient/2", "Patient/3"))
    assert await booked(booking) == {("a", "Patient/2"), ("a", "Patient/3"), ("b", "Patient/1")}

    async def cancel(work: UnitOfWork) -> None:
        await work.delete("Appointment", "a")

    await booking.run(CALLER, cancel)
    assert await booked(booking) == {("b", "Patient/1")}
    await put(booking, {"resourceType": "HealthcareService", "id": "h", "active": True})
    assert await booked(booking) == {("b", "Patient/1")}


async def test_a_constraint_that_is_hit_is_the_declared_refusal(booking: Engine) -> None:
    await put(booking, appointment("a", "Patient/1"))
    with pytest.raises(FhirError) as refused:
        await put(booking, appointment("b", "Patient/1"))
    (issue,) = refused.value.issues
    assert refused.value.status == 409
    assert (issue.code, issue.diagnostics, issue.expression) == (
        "conflict",
        "That time is taken.",
        "Appointment.participant",
    )
    assert await booking.store.read("Appointment", "b", EVERYTHING) is None
    assert await booked(booking) == {("a", "Patient/1")}


async def test_a_handler_keeps_side_rows_in_place_of_those_it_kept(hearing: Engine) -> None:
    async def kept(id_: str, *actors: str) -> None:
        async def act(work: UnitOfWork) -> None:
            during = "[2026-03-03T09:00:00Z,2026-03-03T09:30:00Z)"
            work.keep("booked_time", id_, ({"actor": actor, "during": during} for actor in actors))
            work.emit(ResourceChanged(), Resource.of({"resourceType": "Encounter", "id": "e"}))

        await hearing.run(Caller("session"), act)

    await kept("one", "Patient/1", "Patient/2")
    await kept("other", "Patient/4")
    await kept("one", "Patient/3")
    assert await booked(hearing) == {("one", "Patient/3"), ("other", "Patient/4")}
    await kept("one")
    assert await booked(hearing) == {("other", "Patient/4")}
